/** The supervisor with small programs as children: restarts, growing pauses, order of the stop, leftovers of a killed one. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { openHome } from "./home.ts";
import { createLogFiles } from "./log-files.ts";
import { identify } from "./processes.ts";
import { type Service, type ServiceName, Supervisor, stopLeftovers } from "./supervisor.ts";

const folder = mkdtempSync(join(tmpdir(), "salvage-supervisor-"));
after(() => rmSync(folder, { recursive: true, force: true }));

let count = 0;
function world() {
  const home = openHome(join(folder, `home-${count++}`));
  const logs = createLogFiles(home.logs, ["web", "worker"]);
  const deaths: { name: ServiceName; how: string; pauseMs: number }[] = [];
  const supervisor = new Supervisor(home, logs, { died: (name, how, pauseMs) => deaths.push({ name, how, pauseMs }) });
  return { home, logs, supervisor, deaths };
}

const service = (name: ServiceName, script: string, extra: Partial<Service> = {}): Service => ({
  name,
  command: process.execPath,
  args: ["-e", script],
  cwd: folder,
  env: {},
  stopSignal: "SIGTERM",
  stopPatienceMs: 3_000,
  ready: async () => true,
  readyWithinMs: 10_000,
  ...extra,
});
const forever = "setInterval(() => {}, 1000);";

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    if (condition()) return;
    await sleep(20);
  }
  assert.fail(`never: ${what}`);
}

test("a child that is killed is started again, with a pause that grows", async () => {
  const { logs, supervisor, deaths } = world();
  await supervisor.start(service("worker", forever));
  for (const restarts of [1, 2]) {
    const pid = supervisor.states()[0]?.pid;
    assert.ok(typeof pid === "number");
    process.kill(pid, "SIGKILL");
    await until(() => supervisor.states()[0]?.restarts === restarts && supervisor.states()[0]?.pid !== null, `restart ${restarts}`);
    assert.notEqual(supervisor.states()[0]?.pid, pid);
  }
  assert.deepEqual(
    deaths.map(({ how }) => how),
    ["was killed by SIGKILL", "was killed by SIGKILL"],
  );
  assert.equal(deaths[1]?.pauseMs, (deaths[0]?.pauseMs ?? 0) * 2);
  await supervisor.stop([["worker"]]);
  logs.stop();
});

test("a child that ends at once fails the start with the end of its log", async () => {
  const { logs, supervisor } = world();
  const broken = service("web", "console.error('no such folder: /x'); process.exit(7)", { ready: async () => false });
  await assert.rejects(supervisor.start(broken), /web ends as soon as it starts\.[\s\S]*no such folder: \/x[\s\S]*Log: .*web\.log/);
  await supervisor.stop([["web"]]);
  logs.stop();
});

test("a child that cannot start with what it kept begins anew; one that is killed keeps it", async () => {
  const { home, logs, supervisor, deaths } = world();
  const store = join(home.run, "store");
  let renewed = 0;
  const renew = () => {
    renewed++;
    rmSync(store);
  };
  await supervisor.start(
    service("worker", `if (require("node:fs").existsSync(${JSON.stringify(store)})) process.exit(1); ${forever}`, { renew }),
  );
  writeFileSync(store, "");
  process.kill(supervisor.states()[0]?.pid ?? 0, "SIGKILL");
  await until(() => deaths.length === 3 && supervisor.states()[0]?.pid !== null, "it runs again");
  await sleep(200);
  assert.deepEqual(
    deaths.map(({ how }) => how),
    ["was killed by SIGKILL", "ended with code 1", "ended with code 1"],
  );
  assert.equal(renewed, 1);
  await supervisor.stop([["worker"]]);
  logs.stop();
});

test("stop ends the groups in order and waits for each", async () => {
  const { home, logs, supervisor } = world();
  const note = (name: string) =>
    `process.on('SIGTERM', () => setTimeout(() => { console.log('${name} ' + Date.now()); process.exit(0); }, 200)); console.log('up'); ${forever}`;
  const up = (name: ServiceName) => async () => readFileSync(logs.path(name), "utf8").includes("up");
  await supervisor.start(service("web", note("web"), { ready: up("web") }));
  await supervisor.start(service("worker", note("worker"), { ready: up("worker") }));
  await supervisor.stop([["web"], ["worker"]]);
  const when = (name: string) => Number(new RegExp(`^${name} (\\d+)`, "m").exec(readFileSync(join(home.logs, `${name}.log`), "utf8"))?.[1]);
  assert.ok(when("worker") - when("web") >= 190, `${when("web")} then ${when("worker")}`);
  assert.deepEqual(
    supervisor.states().map(({ pid }) => pid),
    [null, null],
  );
  logs.stop();
});

test("the next start stops what a killed supervisor left, and nothing else", async () => {
  const { home, logs, supervisor } = world();
  await supervisor.start(service("worker", forever));
  const pid = supervisor.states()[0]?.pid ?? 0;
  assert.deepEqual(await stopLeftovers(home), ["worker"]);
  await until(() => identify(pid) === null, "the left child is gone");
  // The same file again, now about nobody: its pid may be anyone's by now.
  assert.deepEqual(await stopLeftovers(home), []);
  await supervisor.stop([["worker"]]);
  logs.stop();
});

test("a tied child ends when its supervisor was killed: asked first, then killed with what it started", async () => {
  const home = join(folder, `home-${count++}`);
  const asked = "process.on('SIGTERM', () => { console.log('asked'); process.exit(0); }); console.log('up');";
  const grandchild = `require("node:child_process").spawn(process.execPath, ["-e", ${JSON.stringify(forever)}], { stdio: "ignore" }).pid`;
  const deaf = `process.on('SIGTERM', () => console.log('asked')); console.log('up ' + ${grandchild});`;
  const script = `
    const { openHome } = await import(${JSON.stringify(new URL("home.ts", import.meta.url).href)});
    const { createLogFiles } = await import(${JSON.stringify(new URL("log-files.ts", import.meta.url).href)});
    const { Supervisor } = await import(${JSON.stringify(new URL("supervisor.ts", import.meta.url).href)});
    const home = openHome(${JSON.stringify(home)});
    const supervisor = new Supervisor(home, createLogFiles(home.logs, ["web", "worker", "temporal"]));
    const service = (name, code, more) => ({ name, command: process.execPath, args: ["-e", code + ${JSON.stringify(forever)}], cwd: home.root, env: {},
      stopSignal: "SIGTERM", stopPatienceMs: 300, ready: async () => true, readyWithinMs: 10000, ...more });
    await supervisor.start(service("web", ${JSON.stringify(asked)}, { tied: true }));
    await supervisor.start(service("worker", ${JSON.stringify(deaf)}, { tied: true }));
    await supervisor.start(service("temporal", ""));
    console.log(JSON.stringify(supervisor.states()));`;
  const started = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(started.stdout, "data")) as [Buffer];
  const pids = new Map((JSON.parse(String(line)) as { name: string; pid: number }[]).map(({ name, pid }) => [name, pid]));
  const log = (name: string) => readFileSync(join(home, "logs", `${name}.log`), "utf8");
  await until(() => /^up/m.test(log("web")) && /^up/m.test(log("worker")), "both are up");
  const grandchildPid = Number(/^up (\d+)/m.exec(log("worker"))?.[1]);
  started.kill("SIGKILL");
  const gone = (pid: number | undefined) => pid !== undefined && identify(pid) === null;
  await until(() => gone(pids.get("web")) && gone(pids.get("worker")) && gone(grandchildPid), "the tied ones and the grandchild are gone");
  assert.match(log("web"), /^asked$/m);
  assert.match(log("worker"), /^asked$/m);
  assert.ok(!gone(pids.get("temporal")), "who is not tied stays, for the next start to stop");
  assert.deepEqual(await stopLeftovers(openHome(home)), ["temporal"]);
});
