/**
 * `npm start` as its user meets it: a first start with its demo, a second one beside it, a killed child, Ctrl-C, a start after the
 * supervisor itself was killed. Needs a build (`npm test` makes one first).
 */
import assert from "node:assert/strict";
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { freePort } from "../src/ports.ts";
import { isRunning, type ProcessIdentity } from "../src/processes.ts";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const root = fileURLToPath(new URL("../../..", import.meta.url));
const salvage = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));
const home = mkdtempSync(join(tmpdir(), "salvage-start-"));
const startMs = 120_000;
const run = promisify(execFile);

type Start = {
  child: ChildProcess;
  text(): string;
  until(pattern: RegExp, patienceMs?: number): Promise<RegExpExecArray>;
  ended: Promise<number | null>;
};

let port = 0;
let url = "";
const starts: Start[] = [];

function start(env: NodeJS.ProcessEnv = {}): Start {
  const child = spawn(process.execPath, [main], {
    env: { ...process.env, SALVAGE_HOME: home, SALVAGE_PORT: String(port), MIN_FREE_DISK_BYTES: "100M", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (piece: string) => (text += piece));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const made: Start = {
    child,
    text: () => text,
    ended,
    async until(pattern, patienceMs = startMs) {
      const deadline = Date.now() + patienceMs;
      for (;;) {
        const found = pattern.exec(text);
        if (found !== null) return found;
        if (child.exitCode !== null || Date.now() > deadline) assert.fail(`never printed ${pattern}:\n${text}`);
        await sleep(50);
      }
    },
  };
  starts.push(made);
  return made;
}

type Child = ProcessIdentity & { name: string };
const children = () => JSON.parse(readFileSync(join(home, "run/children.json"), "utf8")) as Child[];
const childNames = ["ingest", "postgres", "temporal", "web", "worker"];

before(async () => {
  port = await freePort();
  url = `http://localhost:${port}`;
});

after(async () => {
  for (const { child, ended } of starts) {
    if (child.exitCode === null) child.kill("SIGINT");
    await ended;
  }
  for (const child of children()) if (isRunning(child)) process.kill(child.pid, "SIGKILL");
  rmSync(home, { recursive: true, force: true });
});

test("the first start plays the demo and prints everything needed to go on", async () => {
  const first = start();
  await first.until(/Upload the missing symbols[^\n]*\n[^\n]+\n/);
  const text = first.text();
  for (const step of ["PostgreSQL", "Temporal", "Database schema", "Owner account", "A real crash, posted and processed"]) {
    assert.match(text, new RegExp(`${step}[^\n]* … [0-9.]+ s`), step);
  }
  assert.match(text, /SIGSEGV \/ SEGV_MAPERR at 0x48/);
  assert.match(text, /0 {2}driftwood::Icon::area\(\) const +driftwood\.cc:31 +inline/);
  assert.match(text, /driftwood::Renderer::DrawInventory\(driftwood::Inventory const&\) +driftwood\.cc:75 +cfi/);
  assert.match(text, /waits for symbols \(driftwood\)/);
  assert.match(text, /Sign in +owner@salvage\.local +password: [a-z2-9-]{24}/);
  assert.match(text, new RegExp(`curl -F upload_file_minidump=@\\S+ '${url}/api/\\d+/minidump/\\?sentry_key=\\w+'`));
  assert.deepEqual(
    children()
      .map(({ name }) => name)
      .sort(),
    childNames,
  );
});

test("the printed upload command resolves the second crash", async () => {
  const text = starts[0]?.text() ?? "";
  const command = /\.\/salvage (upload .*)/.exec(text)?.[1]?.split(" ") ?? [];
  assert.match(command.join(" "), /^upload \S+ --token sntrys_\S+$/, "address and organization are in the token");
  const { stdout } = await run(process.execPath, [salvage, ...command], { cwd: root, env: { ...process.env, NODE_NO_WARNINGS: "1" } });
  assert.match(stdout, /ready/);
  const token = command.at(-1) ?? "";
  const project = "driftwood";
  const waiting = async () => {
    const response = await fetch(`${url}/api/v1/projects/${project}/missing-files`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal(response.status, 200);
    return JSON.stringify(await response.json());
  };
  const debugId = "1E9E78AD42E76F0A1735FC95B8FE3CEA0";
  for (let tries = 0; tries < 100; tries++) {
    const open = (JSON.parse(await waiting()) as { items: { debugId: string | null; state: string }[] }).items.filter(
      (file) => file.debugId === debugId && file.state === "open",
    );
    if (open.length === 0) return;
    await sleep(100);
  }
  assert.fail("the file is still missing after its upload");
});

test("a second start beside it is told where the first one is", async () => {
  const second = start();
  assert.equal(await second.ended, 1);
  assert.match(second.text(), new RegExp(`Salvage is already running at ${url} \\(process ${starts[0]?.child.pid}\\)`));
});

test("another home on the same port is told that the port is taken", async () => {
  const other = mkdtempSync(join(tmpdir(), "salvage-start-other-"));
  const second = start({ SALVAGE_HOME: other });
  assert.equal(await second.ended, 1);
  rmSync(other, { recursive: true, force: true });
  assert.match(second.text(), new RegExp(`Port ${port} is in use by another program: .*SALVAGE_PORT=`));
});

test("a killed child comes back and does its work", async () => {
  const before = children().find(({ name }) => name === "ingest");
  assert.ok(before !== undefined);
  process.kill(before.pid, "SIGKILL");
  await starts[0]?.until(/ingest was killed by SIGKILL; it starts again in/);
  for (let tries = 0; tries < 200; tries++) {
    const answered = await fetch(`${url}/health`).then(
      (response) => response.status === 200,
      () => false,
    );
    if (answered) break;
    await sleep(100);
  }
  assert.equal((await fetch(`${url}/ready`)).status, 200);
  assert.notEqual(children().find(({ name }) => name === "ingest")?.pid, before.pid);
});

test("Ctrl-C stops everything within ten seconds", async () => {
  const [first] = starts;
  assert.ok(first !== undefined);
  const running = children();
  const since = performance.now();
  first.child.kill("SIGINT");
  assert.equal(await first.ended, 0);
  assert.ok(performance.now() - since < 10_000, `${performance.now() - since} ms`);
  assert.deepEqual(
    running.filter((child) => isRunning(child)),
    [],
  );
  assert.deepEqual(children(), []);
});

test("the next start keeps the data, shows no password, and prepares nothing", async () => {
  const next = start();
  const ready = await next.until(/ready after ([0-9.]+) s/);
  // 4 to 5 s on a quiet machine with two cores; the bound leaves room for a busy one.
  assert.ok(Number(ready[1]) < 30, ready[0]);
  await next.until(/Upload the missing symbols/);
  assert.match(next.text(), /password as shown by the first start \(new one: \.\/salvage user reset-password owner@salvage\.local\)/);
  assert.doesNotMatch(next.text(), /Owner account|A real crash/);
});

test("after the supervisor was killed the apps end, and the next start stops the rest and goes on", async () => {
  const killed = starts.at(-1);
  assert.ok(killed !== undefined);
  const left = children();
  killed.child.kill("SIGKILL");
  await killed.ended;
  const apps = left.filter(({ name }) => ["ingest", "web", "worker"].includes(name));
  const deadline = Date.now() + 30_000;
  while (apps.some((child) => isRunning(child)) && Date.now() < deadline) await sleep(100);
  assert.deepEqual(
    left.filter((child) => isRunning(child)).map(({ name }) => name),
    ["postgres", "temporal"],
    "the apps end by themselves",
  );
  const next = start();
  await next.until(/Stopped what an earlier start had left running: /);
  await next.until(/ready after/);
  assert.deepEqual(
    left.filter((child) => isRunning(child)),
    [],
  );
  assert.deepEqual(
    children()
      .map(({ name }) => name)
      .sort(),
    childNames,
  );
});

test("when nobody reads its output any more, it serves on and still stops in order", async () => {
  const last = starts.at(-1);
  assert.ok(last !== undefined);
  last.child.stdout?.destroy();
  last.child.stderr?.destroy();
  const running = children();
  // A death is printed, into a pipe that has no reader.
  const worker = running.find(({ name }) => name === "worker");
  assert.ok(worker !== undefined);
  process.kill(worker.pid, "SIGKILL");
  const deadline = Date.now() + 30_000;
  const returned = () => children().some(({ name, pid }) => name === "worker" && pid !== worker.pid);
  while (!returned() && Date.now() < deadline) await sleep(100);
  assert.ok(returned(), "the worker was started again");
  const restarted = children();
  last.child.kill("SIGINT");
  assert.equal(await last.ended, 0);
  assert.deepEqual(
    restarted.filter((child) => isRunning(child)),
    [],
  );
});
