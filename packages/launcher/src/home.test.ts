/** The home folder: made, refused, its secrets, lock, ports and logs. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { StartError } from "./errors.ts";
import { homeError, openHome, writeJson } from "./home.ts";
import { takeLock } from "./lock.ts";
import { rotateLog } from "./log-files.ts";
import { checkPublicPort, internalPorts, rememberedPorts } from "./ports.ts";
import { identify } from "./processes.ts";
import { changeSecret, openSecrets, webSessionSecret } from "./secrets.ts";

const folder = mkdtempSync(join(tmpdir(), "salvage-home-"));
after(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const fresh = () => openHome(join(folder, `home-${count++}`));

test("a home is made with closed folders", () => {
  const home = fresh();
  assert.equal(statSync(home.run).mode & 0o077, 0);
  assert.equal(statSync(home.blobs).mode & 0o077, 0);
});

test("a home that is a file, or not writable, ends in one sentence with what to do", () => {
  const file = join(folder, "file");
  writeFileSync(file, "");
  assert.throws(() => openHome(file), /^StartError: Salvage keeps its data in .*SALVAGE_HOME/);
  // Exists, and answers "no such file" to whoever makes a folder in it.
  if (existsSync("/proc/self")) assert.throws(() => openHome("/proc/salvage"), /^StartError: Salvage keeps its data in .*SALVAGE_HOME/);
  assert.match(
    homeError("/x", Object.assign(new Error("write"), { code: "ENOSPC" })).message,
    /disk that holds \/x is full: free some space/,
  );
  // Root may write everywhere.
  if (process.getuid?.() === 0) return;
  const closed = join(folder, "closed");
  mkdirSync(closed);
  chmodSync(closed, 0o500);
  assert.throws(() => openHome(join(closed, "home")), StartError);
});

test("a disk without room refuses the start and says how much is missing", () => {
  assert.throws(
    () => openHome(join(folder, "full"), 2 ** 60),
    /StartError: The disk that holds .* has \d+ MB free and Salvage needs \d+ MB to start: free some space/,
  );
});

test("secrets are made once, for their owner only, and never beside data that had others", () => {
  const home = fresh();
  const secrets = openSecrets(home, false);
  assert.deepEqual(openSecrets(home, true), secrets);
  assert.equal(statSync(join(home.root, "secrets.json")).mode & 0o077, 0);
  assert.notEqual(webSessionSecret(secrets.secret), secrets.secret);
  changeSecret(home);
  changeSecret(home);
  const changed = openSecrets(home, true);
  assert.equal(new Set([changed.secret, ...(changed.previousSecrets ?? [])]).size, 3);
  assert.equal(changed.previousSecrets?.[1], secrets.secret);
  assert.equal(changed.systemPassword, secrets.systemPassword);
  assert.equal(statSync(join(home.root, "secrets.json")).mode & 0o077, 0);
  rmSync(join(home.root, "secrets.json"));
  assert.throws(() => openSecrets(home, true), /secrets\.json is missing beside existing data/);
  assert.equal(existsSync(join(home.root, "secrets.json")), false);
  writeFileSync(join(home.root, "secrets.json"), "{}");
  assert.throws(() => openSecrets(home, true), /is damaged/);
});

test("a second start beside a running one is told where that one is; a dead one's lock is taken", async () => {
  const home = fresh();
  const child = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
  await once(child, "spawn");
  writeJson(join(home.run, "supervisor.lock"), { ...identify(child.pid ?? 0), url: "http://localhost:4999" });
  assert.throws(
    () => takeLock(home, "http://localhost:4680"),
    new RegExp(`already running at http://localhost:4999 \\(process ${child.pid}\\)`),
  );
  child.kill("SIGKILL");
  await once(child, "exit");
  const release = takeLock(home, "http://localhost:4680");
  assert.throws(() => takeLock(home, "http://localhost:4680"), /already running/);
  release();
  assert.equal(existsSync(join(home.run, "supervisor.lock")), false);
});

test("internal ports are remembered, and replaced when taken", async () => {
  const home = fresh();
  assert.equal(rememberedPorts(home), null);
  const first = await internalPorts(home);
  assert.equal(new Set(Object.values(first)).size, 4);
  assert.deepEqual(await internalPorts(home), first);
  const server = createServer().listen(first.web, "127.0.0.1");
  await once(server, "listening");
  const second = await internalPorts(home);
  server.close();
  assert.notEqual(second.web, first.web);
  assert.equal(second.postgres, first.postgres);
});

test("a busy public port is named with a way out", async () => {
  const server = createServer().listen(0);
  await once(server, "listening");
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  await assert.rejects(checkPublicPort(address.port), new RegExp(`Port ${address.port} is in use by another program: .*SALVAGE_PORT=`));
  server.close();
  await once(server, "close");
  await checkPublicPort(address.port);
});

test("a large log is copied aside and goes on in place", () => {
  const path = join(folder, "x.log");
  writeFileSync(path, "a".repeat(100));
  rotateLog(path, 100);
  assert.equal(statSync(path).size, 100);
  appendFileSync(path, "b");
  rotateLog(path, 100);
  assert.equal(statSync(path).size, 0);
  assert.equal(readFileSync(`${path}.1`, "utf8").length, 101);
  writeFileSync(path, "c".repeat(200));
  rotateLog(path, 100);
  assert.equal(readFileSync(`${path}.1`, "utf8")[0], "c");
  assert.equal(readFileSync(`${path}.2`, "utf8")[0], "a");
});
