/** Every stored history still replays on today's workflow code: a deployment may be in the middle of any of them. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { workflowTypes } from "@salvage/contracts";
import { historyFromJSON } from "@temporalio/common/lib/proto-utils.js";
import { DefaultLogger, Runtime, Worker } from "@temporalio/worker";
import { ensureBundle } from "./temporal-harness.ts";

const folder = fileURLToPath(new URL("./histories/", import.meta.url));
const names = (await readdir(folder)).filter((name) => name.endsWith(".json"));

describe("histories", () => {
  let codePath: string;
  before(async () => {
    Runtime.install({ logger: new DefaultLogger("ERROR"), shutdownSignals: [] });
    codePath = await ensureBundle();
  });
  const history = async (name: string) => JSON.parse(await readFile(folder + name, "utf8"));
  const replay = (json: unknown) => Worker.runReplayHistory({ workflowBundle: { codePath } }, historyFromJSON(json));

  for (const name of names) {
    test(`${name} replays`, async () => {
      await replay(await history(name));
    });
  }

  test("there is one for each workflow", async () => {
    const types = await Promise.all(
      names.map(async (name) => (await history(name)).events[0].workflowExecutionStartedEventAttributes.workflowType.name),
    );
    assert.deepEqual([...new Set(types)].sort(), Object.values(workflowTypes).sort());
  });

  test("a history of other code does not replay", async () => {
    const json = await history("import-upload.json");
    for (const event of json.events) {
      const scheduled = event.activityTaskScheduledEventAttributes;
      if (scheduled !== undefined) scheduled.activityType.name = "somethingElse";
    }
    await assert.rejects(replay(json), { name: "DeterminismViolationError" });
  });
});
