/** The doctor's look at what runs: the database and what waits in it, Temporal and its schedules, the apps, the blob store, the public address. */
import { randomUUID } from "node:crypto";
import { rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createKeyring, openBlobStore } from "@salvage/blobs";
import { CORE_VERSION } from "@salvage/core";
import { databaseFacts, type RoleUrls } from "@salvage/db/setup";
import { installationBlobs, type Look } from "@salvage/launcher/installation";
import { bytesText, type Finding, fine, problem, reasonOf, secondsText, warning } from "./finding.ts";
import { lookAtTemporal } from "./temporal.ts";

const answerWithinMs = 5_000;
const maxSkewMs = 5_000;
/** A crash is finished in two seconds; one that waits for minutes waits for something else. */
const longInQueueSeconds = 60;
const oldestPostgres = 14;

export async function lookAtServices(look: Look, databases: RoleUrls): Promise<Finding[]> {
  const parts = await Promise.all([database(look, databases), lookAtTemporal(look), apps(look), blobs(), publicAddress(look)]);
  return parts.flat();
}

async function database({ secrets, settings }: Look, databases: RoleUrls): Promise<Finding[]> {
  let facts: Awaited<ReturnType<typeof databaseFacts>>;
  try {
    facts = await databaseFacts(databases);
  } catch (error) {
    return [
      problem(
        "database",
        `it does not answer (${reasonOf(error)})`,
        "Nothing can be accepted or shown without it.",
        settings.database === null ? `tail -n 50 ${settings.home}/logs/postgres.log` : "look at the server of DATABASE_URL",
      ),
    ];
  }
  const findings = [fine("versions", `PostgreSQL ${facts.server}, core ${CORE_VERSION}, ${facts.migrations.applied} migrations`)];
  const say = (finding: Finding) => void findings.push(finding);
  if (Number.parseInt(facts.server, 10) < oldestPostgres)
    say(problem("versions", `PostgreSQL ${facts.server}`, `Salvage is tried with ${oldestPostgres} and later.`, "upgrade the server"));
  if (facts.migrations.missing.length > 0)
    say(
      problem(
        "versions",
        `the database lacks ${facts.migrations.missing.join(", ")}`,
        "The apps expect them.",
        "restart Salvage, or ./salvage db setup",
      ),
    );
  if (facts.migrations.unknown.length > 0)
    say(
      problem(
        "versions",
        `the database has ${facts.migrations.unknown.join(", ")}, which this version does not know`,
        "A newer version wrote it.",
        "git pull",
      ),
    );
  if (Math.abs(facts.clockSkewMs) > maxSkewMs)
    say(
      problem(
        "clock",
        `the database's clock is ${secondsText(Math.abs(facts.clockSkewMs) / 1000)} ${facts.clockSkewMs > 0 ? "ahead" : "behind"}`,
        "Leases and deadlines are counted by it.",
        "timedatectl set-ntp true, on both machines",
      ),
    );
  else say(fine("clock", `the database's and this machine's agree within ${Math.ceil(Math.abs(facts.clockSkewMs) / 1000) || 1} s`));
  const { used, most } = facts.connections;
  if (used > most * 0.9)
    say(warning("database", `${used} of ${most} connections are in use`, "The next process may get none.", "raise max_connections"));

  const { crashes, oldestSeconds } = facts.queue;
  if (oldestSeconds > longInQueueSeconds)
    say(
      problem(
        "queue",
        `${crashes} crashes are queued, the oldest for ${secondsText(oldestSeconds)}`,
        "A report is there within seconds when all is well.",
        `tail -n 50 ${settings.home}/logs/worker.log; more workers when they are busy`,
      ),
    );
  else say(fine("queue", `${crashes} crashes are queued`));
  const { waiting } = facts;
  if (waiting.dumpsEndSoon > 0)
    say(
      warning(
        "waiting",
        `${waiting.crashes} crashes wait for debug files, ${waiting.dumpsEndSoon} lose their dump within a day`,
        "After that they take names only, no better stacks.",
        "upload what Processing Issues names: ./salvage missing",
      ),
    );
  else
    say(
      fine(
        "waiting",
        `${waiting.crashes} crashes wait for debug files${waiting.oldest === null ? "" : `, the oldest since ${waiting.oldest.toISOString()}`}`,
      ),
    );
  if (facts.uploadsOlderThanTenMinutes > 0)
    say(
      warning(
        "uploads",
        `${facts.uploadsOlderThanTenMinutes} uploads are not read after ten minutes`,
        "Crashes that wait for them go on waiting.",
        `tail -n 50 ${settings.home}/logs/worker.log`,
      ),
    );
  if (facts.webhooksFailing > 0)
    say(
      warning(
        "webhooks",
        `${facts.webhooksFailing} deliveries have failed more than twice`,
        "Whoever listens there hears nothing.",
        "look at the project's Webhooks page",
      ),
    );
  const [first] = facts.givenUp;
  if (first !== undefined)
    say(
      warning(
        "poison",
        `${facts.givenUp.length} crashes were given up, such as ${first.crashId} (${first.reason ?? "no reason kept"})`,
        "Each failed three times, twice alone, and is left alone, so that others are not hurt.",
        "report it with its dump, which is kept for the project's waiting time; after an update, Process again on its page",
      ),
    );
  for (const { slug, usedBytes, quotaBytes } of facts.nearQuota)
    say(
      warning(
        "quota",
        `${slug} stores ${bytesText(usedBytes)} of ${bytesText(quotaBytes)}`,
        "Over its quota crashes are dropped.",
        `./salvage organization quota ${slug} <more>`,
      ),
    );
  if (secrets !== null) {
    const known = new Set([secrets.secret, ...secrets.previous, ...previousOfEnvironment()].map((secret) => createKeyring(secret).keyId));
    const foreign = facts.keyIds.filter((id) => !known.has(id));
    if (foreign.length > 0)
      say(
        problem(
          "keys",
          `dumps are held that were sealed with ${foreign.join(", ")}, which is not among the keys here`,
          "They cannot be read.",
          "put the earlier secret into SALVAGE_PREVIOUS_SECRETS, or the right secrets.json back",
        ),
      );
    else say(fine("keys", "every held dump can be opened"));
  }
  return findings;
}

const previousOfEnvironment = () => (process.env.SALVAGE_PREVIOUS_SECRETS ?? "").split(",").filter((secret) => secret !== "");

async function apps({ running, settings, ports }: Look): Promise<Finding[]> {
  if (running === null) return [];
  const pages = [
    { name: "ingest", url: `http://127.0.0.1:${settings.publicPort}/ready` },
    ...(ports === null ? [] : [{ name: "worker", url: `http://127.0.0.1:${ports.workerMetrics}/ready` }]),
    ...(ports === null ? [] : [{ name: "web", url: `http://127.0.0.1:${ports.web}/api/health` }]),
  ];
  return await Promise.all(
    pages.map(async ({ name, url }) => {
      const log = `tail -n 50 ${settings.home}/logs/${name}.log`;
      try {
        const response = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) });
        const text = await response.text();
        return response.status === 200
          ? fine("apps", `${name} is ready`)
          : problem("apps", `${name} says ${response.status}: ${text.slice(0, 200)}`, "It cannot do its work now.", log);
      } catch (error) {
        return problem("apps", `${name} does not answer at ${url} (${reasonOf(error)})`, "It cannot do its work now.", log);
      }
    }),
  );
}

/** Writes, reads and deletes a blob of its own. */
async function blobs(): Promise<Finding[]> {
  const settings = installationBlobs();
  const where = settings.url ?? settings.folder;
  const key = `org/doctor/upload/${randomUUID()}`;
  try {
    const store = openBlobStore(settings);
    await store.put(key, [Buffer.from(key)]);
    let text = "";
    for await (const chunk of store.createReadStream(key)) text += Buffer.from(chunk).toString();
    await store.delete(key);
    // A folder of blobs keeps the folders of keys that are gone; these two are the doctor's own.
    if (settings.url === null)
      for (const own of [dirname(key), dirname(dirname(key))]) await rmdir(join(settings.folder, own)).catch(() => undefined);
    if (text !== key)
      return [
        problem(
          "blobs",
          `${where} gives back something else than it got`,
          "Dumps are lost like that.",
          "look at that store before anything else",
        ),
      ];
    return [fine("blobs", `${where} keeps, gives back and deletes`)];
  } catch (error) {
    return [
      problem(
        "blobs",
        `${where}: ${reasonOf(error)}`,
        "Crashes are refused while a dump cannot be kept.",
        "look at permissions, credentials and the way there",
      ),
    ];
  }
}

async function publicAddress({ running, settings }: Look): Promise<Finding[]> {
  if (running === null) return [];
  const findings: Finding[] = [];
  if (running.url !== settings.publicUrl)
    findings.push(
      warning(
        "address",
        `Salvage was started as ${running.url}, and PUBLIC_URL is ${settings.publicUrl} here`,
        "Links and cookies are made for the former.",
        `PUBLIC_URL=${running.url} ./salvage doctor, or start Salvage with the other one`,
      ),
    );
  const url = `${running.url}/health`;
  try {
    const response = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(answerWithinMs) });
    await response.body?.cancel();
    const skewMs = Date.parse(response.headers.get("date") ?? "") - Date.now();
    if (response.status >= 300 && response.status < 400)
      findings.push(
        problem(
          "address",
          `${running.url} redirects to ${response.headers.get("location")}`,
          "Crash uploaders do not follow redirects.",
          "serve Salvage there, or start it with the PUBLIC_URL that is served",
        ),
      );
    else if (response.status !== 200)
      findings.push(
        problem(
          "address",
          `${running.url} answers ${response.status}`,
          "Senders and browsers use this address.",
          "look at the proxy in front",
        ),
      );
    else findings.push(fine("address", `${running.url} answers`));
    if (Math.abs(skewMs) > maxSkewMs)
      findings.push(
        warning(
          "clock",
          `the clock at ${running.url} is off by ${secondsText(Math.abs(skewMs) / 1000)}`,
          "Sessions and links end by it.",
          "timedatectl set-ntp true, there",
        ),
      );
  } catch (error) {
    findings.push(
      problem(
        "address",
        `${running.url} cannot be reached from here (${reasonOf(error)})`,
        "Senders and browsers use this address.",
        `look at DNS, certificate and proxy: curl -v ${url}`,
      ),
    );
  }
  return findings;
}
