/** Processes by identity: alive, gone, killed with their group. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { groupIsAlive, identify, isRunning, signalGroup, stopProcess } from "./processes.ts";

const sleeper = (script: string) => spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] });

test("a process is itself, and another start time is another process", () => {
  const me = identify(process.pid);
  assert.ok(me !== null && isRunning(me));
  assert.equal(isRunning({ pid: process.pid, started: "some other time" }), false);
  assert.equal(identify(0), null);
});

test("a process that ends when asked is not killed", async () => {
  const child = sleeper("trap 'exit 3' TERM; echo up; while :; do sleep 0.05; done");
  await once(child.stdout, "data");
  const identity = identify(child.pid ?? 0);
  assert.ok(identity !== null);
  const exited = once(child, "exit");
  await stopProcess(identity, "SIGTERM", 5_000);
  assert.deepEqual(await exited, [3, null]);
  assert.equal(isRunning(identity), false);
});

test("one that does not end is killed, its own children with it", async () => {
  const child = sleeper("trap '' TERM; sleep 60 & echo up; wait; while :; do sleep 0.05; done");
  await once(child.stdout, "data");
  const identity = identify(child.pid ?? 0);
  assert.ok(identity !== null);
  const exited = once(child, "exit");
  await stopProcess(identity, "SIGTERM", 200);
  assert.deepEqual(await exited, [null, "SIGKILL"]);
  if (process.platform === "linux") {
    for (let tries = 0; groupIsAlive(identity.pid) && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(groupIsAlive(identity.pid), false);
  }
});

test("signals to what is gone are no error", () => {
  signalGroup(2 ** 22 - 3, "SIGTERM");
});
