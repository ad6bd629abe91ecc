/**
 * A rotation of the secret while crashes keep coming: dumps that are held open as before, new ones are sealed under the new secret, every session
 * ends, API tokens go on, and every crash is finished once. Afterwards no secret stands anywhere in the home: not in logs, workflow histories,
 * rows or reports.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { createOrgGate, type OrgGate } from "@salvage/db";
import { repositoryRoot } from "@salvage/launcher";
import { distinctDump, post } from "../src/crashes.ts";
import { type Installation, startInstallation, until } from "../src/installation.ts";

let salvage: Installation;
let gate: OrgGate;
before(async () => {
  salvage = await startInstallation();
  gate = createOrgGate({ databaseUrl: salvage.system.databases.databaseUrl });
  // As the launcher does when it is told to. Node's test runner would write a report of this process at that signal.
  if (process.report !== undefined) process.report.reportOnSignal = false;
  process.on("SIGUSR2", renew);
});
after(async () => {
  process.off("SIGUSR2", renew);
  await gate?.close();
  await salvage?.stop();
});

/** What must be nowhere, by what it is. */
const secrets = new Map<string, string>();
const password = "a password for tests only";

let renewed: Promise<void> | null = null;
const renew = () => {
  renewed = salvage.system.renewSecrets();
};

/** A cookie of a person who signed in. */
async function signIn(): Promise<string> {
  const csrf = await fetch(`${salvage.publicUrl}/api/auth/csrf`);
  const cookies = (answer: Response) => answer.headers.getSetCookie().map((line) => line.split(";")[0]);
  const { csrfToken } = (await csrf.json()) as { csrfToken: string };
  const answer = await fetch(`${salvage.publicUrl}/api/auth/callback/credentials`, {
    method: "POST",
    redirect: "manual",
    headers: { cookie: cookies(csrf).join("; ") },
    body: new URLSearchParams({ email: "owner@example.org", password, csrfToken, json: "true" }),
  });
  assert.equal(answer.status, 200);
  for (const line of answer.headers.getSetCookie()) {
    const [, value = ""] = /session-token=([^;]+)/.exec(line) ?? [];
    if (value !== "") secrets.set(`session cookie ${secrets.size}`, value);
  }
  return cookies(answer).join("; ");
}
const me = async (cookie: string) => (await fetch(`${salvage.publicUrl}/api/trpc/account.me`, { headers: { cookie } })).status;

/** A uploader that does not give up: ingest is away for a moment. */
async function postPatiently(number: number): Promise<string> {
  return await until(`crash ${number} was taken`, 30_000, () => post(salvage, number).catch(() => null));
}

const finished = (id: string) =>
  until(`crash ${id} is finished`, 60_000, async () => {
    const { json } = await salvage.get(`/api/v1/crashes/${id}`);
    return ["complete", "provisional"].includes((json as { state: string }).state) ? true : null;
  });

test("the secret is changed while crashes come in", async (t) => {
  const [person] = await salvage.query<{ id: string }>("SELECT id FROM users");
  const db = await gate.authorizeOrganization(person?.id ?? "", "acme", "organization:own");
  assert.ok(db !== null && db !== "forbidden");
  const { token } = await db.tokens.create({ name: "reader", scopes: ["dump:download"] });
  for (const [what, secret] of [
    ["API token", token],
    ["first API token", salvage.token],
    ["password", password],
  ] as const)
    secrets.set(what, secret);
  const dumpOf = async (id: string) => {
    const answer = await fetch(`${salvage.publicUrl}/api/v1/crashes/${id}/dump`, { headers: { authorization: `Bearer ${token}` } });
    return answer.status === 200 ? Buffer.from(await answer.arrayBuffer()) : answer.status;
  };
  const keysOf = async (ids: string[]) => {
    const rows = await salvage.query<{ id: string; key: string }>("SELECT id, dump_key_id AS key FROM crashes WHERE id = ANY($1::uuid[])", [
      ids,
    ]);
    return ids.map((id) => rows.find((row) => row.id === id)?.key);
  };

  const early = await postPatiently(1);
  await finished(early);
  const cookie = await signIn();
  assert.equal(await me(cookie), 200);
  assert.deepEqual(await dumpOf(early), distinctDump(1));

  let stop = false;
  const ids: string[] = [];
  let acceptedAt = performance.now();
  let longestGapMs = 0;
  const stream = (async () => {
    for (let number = 100; !stop; number++) {
      ids.push(await postPatiently(number));
      longestGapMs = Math.max(longestGapMs, performance.now() - acceptedAt);
      acceptedAt = performance.now();
      await sleep(50);
    }
  })();
  const cli = join(repositoryRoot, "packages/cli/src/main.ts");
  const env = { ...process.env, SALVAGE_HOME: salvage.system.home.root, NODE_NO_WARNINGS: "1" };
  const started = performance.now();
  const { stderr } = await promisify(execFile)(process.execPath, [cli, "secret", "rotate"], { env });
  assert.match(stderr, new RegExp(`The secret was changed\\. ${salvage.publicUrl} takes it within seconds`));
  await until("the launcher was told", 10_000, async () => renewed);
  await renewed;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  await sleep(500);
  stop = true;
  await stream;

  const late = await postPatiently(2);
  for (const id of [...ids, late]) await finished(id);
  const [earlyKey, lateKey] = await keysOf([early, late]);
  assert.notEqual(lateKey, earlyKey, "new dumps are sealed under the new secret");
  assert.deepEqual(await dumpOf(early), distinctDump(1), "a dump from before opens");
  assert.deepEqual(await dumpOf(late), distinctDump(2));
  const [count] = await salvage.query<{ n: number }>("SELECT count(*)::int AS n FROM crashes");
  assert.equal(count?.n, ids.length + 2, "each once");
  const keys = await keysOf(ids);
  assert.ok(new Set(keys).size === 2, "crashes came before and after the change");
  const before = keys.filter((key) => key === keys[0]).length;
  t.diagnostic(
    `${stderr.trim()} From the command to the last app with the new secret: ${seconds} s; longest wait of a sender: ${(longestGapMs / 1000).toFixed(1)} s`,
  );
  t.diagnostic(`${before} crashes sealed under the old secret, ${keys.length - before} under the new one; all finished, once`);

  assert.equal(await me(cookie), 401, "a session from before has ended");
  assert.equal(await me(await signIn()), 200);
  assert.equal((await salvage.get("/api/v1/token")).status, 200, "an API token goes on");
});

test("no secret stands in logs, workflow histories, rows or reports", async (t) => {
  const { home } = salvage.system;
  const [person] = await salvage.query<{ id: string }>("SELECT id FROM users");
  const db = await gate.authorizeOrganization(person?.id ?? "", "acme", "organization:own");
  assert.ok(db !== null && db !== "forbidden");
  const [crash] = await salvage.query<{ id: string }>("SELECT id FROM crashes LIMIT 1");
  // Whatever carries a secret in its address or body is asked for once more, rightly and wrongly.
  const invitation = await db.invitations.create({ role: "viewer" });
  assert.ok(typeof invitation === "object");
  const ticket = await db.crashes.dumpTicket({ crashId: crash?.id ?? "" });
  const upload = await db.uploads.ticket({});
  assert.ok(typeof ticket === "object" && typeof upload === "object");
  const device = await gate.deviceCodes.create({ clientName: "x" });
  for (const [what, secret] of Object.entries({
    ...{ invitation: invitation.token, "dump ticket": ticket.ticket, "upload ticket": upload.ticket, "device code": device.secret },
  })) {
    secrets.set(what, secret);
  }
  const asked = [
    `/invite/${invitation.token}`,
    `/api/trpc/invitations.preview?input=${encodeURIComponent(JSON.stringify({ json: { token: invitation.token } }))}`,
    `/api/v1/crashes/${crash?.id}/dump?ticket=${ticket.ticket}`,
    `/api/v1/crashes/${crash?.id}/dump?ticket=${ticket.ticket}`,
    `/symbols/${salvage.token}/a.pdb/0/a.pdb`,
    `/symupload/v1/symbols/a/0:checkStatus?key=${salvage.token}`,
  ];
  for (const path of asked) await (await fetch(salvage.publicUrl + path)).arrayBuffer();
  const headers = { authorization: `Bearer ${upload.ticket}` };
  await fetch(`${salvage.publicUrl}/api/v1/organizations/acme/debug-files?name=x.sym`, { method: "POST", headers, body: "no symbols" });
  const canary = "canary-canary-canary";
  const form = new FormData();
  form.set("upload_file_minidump", new Blob([distinctDump(3)]), "x.dmp");
  form.set("api_key", canary);
  form.set("sentry", JSON.stringify({ extra: { password: canary, headers: { Authorization: `Bearer ${canary}` } } }));
  const url = `${salvage.publicUrl}/api/${salvage.projectId}/minidump/?sentry_key=${salvage.publicKey}`;
  await finished(await (await fetch(url, { method: "POST", body: form })).text());
  secrets.set("what a sender called a secret", canary);
  const file = JSON.parse(readFileSync(join(home.root, "secrets.json"), "utf8")) as Record<string, string | string[]>;
  for (const [name, value] of Object.entries(file))
    for (const secret of [value].flat()) secrets.set(`${name} of secrets.json ${secrets.size}`, secret);
  assert.ok(secrets.size >= 14, [...secrets.keys()].join(", "));

  await salvage.query("CHECKPOINT").catch(() => undefined);
  const found: string[] = [];
  let files = 0;
  for (const entry of readdirSync(home.root, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name === "secrets.json") continue;
    const path = join(entry.parentPath, entry.name);
    let bytes: Buffer;
    try {
      bytes = readFileSync(path);
    } catch {
      continue;
    }
    files++;
    if (path.endsWith(".json.gz")) bytes = gunzipSync(bytes);
    for (const [what, secret] of secrets) if (bytes.includes(secret)) found.push(`${what} in ${relative(home.root, path)}`);
  }
  assert.ok(files > 500, `${files} files were looked at`);
  t.diagnostic(`${secrets.size} secrets looked for in ${files} files: ${[...secrets.keys()].join(", ")}`);
  assert.deepEqual(found, []);
});
