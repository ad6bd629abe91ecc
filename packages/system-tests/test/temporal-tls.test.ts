/**
 * Ingest, worker and doctor with a Temporal that wants TLS, a certificate and an API key of them: a crash is taken and finished, as anywhere else; the
 * doctor says of each of these that is wrong what it is; and none of the secrets stands in logs, workflow histories, rows or reports.
 */
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { openBlobStore } from "@salvage/blobs";
import { repositoryRoot } from "@salvage/launcher";
import { findTemporalBinary } from "@salvage/testkit/temporal";
import { until } from "../src/installation.ts";
import { type Machines, startMachines } from "../src/machines.ts";
import { MachinesTraffic } from "../src/machines-traffic.ts";

const skip = spawnSync("openssl", ["version"]).status === 0 ? false : "openssl is not here to make certificates";

const secret = { SALVAGE_SECRET: randomBytes(32).toString("base64url") };

type Finding = { area: string; level: string; what: string; todo: string };

/** What the doctor says of Temporal, and all that it printed. @param change of the settings that let the apps in; undefined takes one away */
async function doctor(
  machines: Machines,
  change: Record<string, string | undefined> = {},
): Promise<{ of(area: string): Finding[]; text: string }> {
  const home = join(machines.folder, "doctor");
  await mkdir(home, { recursive: true });
  const word = "only-for-this-test-123";
  const secrets = { secret: "s".repeat(40), superuserPassword: word, ownerPassword: word, appPassword: word, systemPassword: word };
  await writeFile(join(home, "secrets.json"), JSON.stringify(secrets), { mode: 0o600 });
  const env = { ...machines.shared, ...machines.operator, SALVAGE_HOME: home, ...change };
  // It ends with 1: no launcher runs in that home.
  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    [join(repositoryRoot, "packages/cli/src/main.ts"), "doctor", "--json"],
    { env },
  ).catch((ended: { stdout: string; stderr: string }) => ended);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  return { of: (area) => findings.filter((finding) => finding.area === area), text: stdout + stderr };
}

test("a crash goes through a guarded Temporal, and no secret stands anywhere", { skip }, async (t) => {
  const machines = await startMachines({ guarded: true });
  t.after(() => machines.stop());
  const [ingest, stranger] = await Promise.all([
    machines.start("ingest", "ingest", secret),
    machines.start("ingest", "stranger", { ...secret, TEMPORAL_API_KEY: `${machines.shared.TEMPORAL_API_KEY}x` }),
    machines.start("worker", "worker", secret),
  ]);
  const traffic = new MachinesTraffic(machines);
  // One whom Temporal does not let in accepts crashes all the same, and says in its log that nobody was told of them.
  await traffic.postUntilAccepted([stranger], 0);
  await traffic.postUntilAccepted([ingest], 0);
  await until("two reports", 60_000, async () => {
    const [row] = await machines.query<{ done: number }>("SELECT count(*)::int AS done FROM crashes WHERE state = 'provisional'");
    return row?.done === 2 ? true : null;
  });
  assert.deepEqual(await traffic.broken(), []);
  await doctorSays(machines);
  const written = await everythingWritten(machines);
  assert.deepEqual(await machines.stopParts(), { ingest: 0, stranger: 0, worker: 0 });
  for (const name of (await readdir(machines.folder)).filter((file) => file.endsWith(".log")))
    written.push([name, await readFile(join(machines.folder, name), "utf8")]);
  assert.match(written.find(([where]) => where === "stranger.log")?.[1] ?? "", /no key/);
  for (const kind of [/^workflow intake\//, /^table crashes$/, /^blob org\/.*\.json\.gz$/])
    assert.ok(
      written.some(([where]) => kind.test(where)),
      `${kind} was looked at`,
    );
  const found = [...(await secretsOf(machines))].flatMap(([what, value]) =>
    written.filter(([, text]) => text.includes(value)).map(([where]) => `${what} in ${where}`),
  );
  assert.deepEqual(found, []);
});

/** What must be nowhere, by what it is. */
async function secretsOf({ shared, operator }: Machines): Promise<Map<string, string>> {
  const pem = await readFile(shared.TEMPORAL_TLS_CLIENT_KEY_PATH ?? "", "utf8");
  const [, line = ""] = pem.split("\n");
  const secrets = new Map([
    ["TEMPORAL_API_KEY", shared.TEMPORAL_API_KEY ?? ""],
    ["the client's key", line],
    ["SALVAGE_SECRET", secret.SALVAGE_SECRET],
    ...["DATABASE_URL", "DATABASE_SYSTEM_URL"].map((name) => [name, operator[name] ?? ""] as const),
  ]);
  for (const [what, value] of secrets) assert.ok(value.length > 8, what);
  return secrets;
}

/** Rows of every table, histories of all workflows, and what is in the bucket, by where it stands. */
async function everythingWritten(machines: Machines): Promise<[where: string, text: string][]> {
  const written: [string, string][] = [];
  const tables = await machines.query<{ name: string }>("SELECT relname AS name FROM pg_stat_user_tables WHERE schemaname = 'public'");
  for (const { name } of tables) {
    const rows = await machines.query<{ text: string }>(`SELECT t::text AS text FROM "${name}" t`);
    written.push([`table ${name}`, rows.map(({ text }) => text).join("\n")]);
  }
  // Temporal's own tool is let in by the same settings.
  const temporal = async (...args: string[]) => {
    const env = { ...machines.shared, HOME: machines.folder };
    return (await promisify(execFile)(findTemporalBinary(), [...args, "--output", "json"], { env, maxBuffer: 1 << 28 })).stdout;
  };
  const workflows = JSON.parse(await temporal("workflow", "list")) as { execution: { workflowId: string; runId: string } }[];
  for (const { workflowId, runId } of workflows.map(({ execution }) => execution))
    written.push([`workflow ${workflowId}`, await temporal("workflow", "show", "--workflow-id", workflowId, "--run-id", runId)]);
  const keys = await machines.blobKeys();
  const store = openBlobStore({ folder: join(machines.folder, "looked-at"), url: machines.shared.BLOB_URL ?? null });
  for (const key of keys) {
    const pieces: Uint8Array[] = [];
    for await (const piece of store.createReadStream(key)) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    written.push([`blob ${key}`, (key.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("latin1")]);
  }
  return written;
}

async function doctorSays(machines: Machines): Promise<void> {
  const key = machines.shared.TEMPORAL_API_KEY ?? "";
  const [right, noAuthority, noCertificate, wrongKey] = await Promise.all([
    doctor(machines),
    doctor(machines, { TEMPORAL_TLS_SERVER_CA_CERT_PATH: undefined }),
    doctor(machines, { TEMPORAL_TLS_CLIENT_CERT_PATH: undefined, TEMPORAL_TLS_CLIENT_KEY_PATH: undefined }),
    doctor(machines, { TEMPORAL_API_KEY: `${key}x` }),
  ]);
  assert.deepEqual(right.of("temporal"), []);
  assert.match(
    right
      .of("versions")
      .map(({ what }) => what)
      .join(),
    /Temporal \d/,
  );
  for (const [said, what, todo] of [
    [noAuthority, /does not let us in: its certificate is not trusted/, /TEMPORAL_TLS_SERVER_CA_CERT_PATH/],
    [noCertificate, /does not let us in: it wants a certificate of the client, and none is set/, /TEMPORAL_TLS_CLIENT_CERT_PATH/],
    [wrongKey, /does not let us in: it does not accept TEMPORAL_API_KEY/, /still good/],
  ] as const) {
    const [finding] = said.of("temporal");
    assert.match(finding?.what ?? "", what);
    assert.match(finding?.todo ?? "", todo);
  }
  for (const { text } of [right, noAuthority, noCertificate, wrongKey]) assert.ok(!text.includes(key));
}
