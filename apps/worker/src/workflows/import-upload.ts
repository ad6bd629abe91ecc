/**
 * Turns one uploaded file (or a zip of them) into debug files that crashes can use. Guarantees that the upload ends as
 * ready or rejected with a verdict per file, and that every crash that waited for one of its files is visited: a file
 * is committed first, and only then is it asked who waits.
 */
import type { ImportInput } from "@salvage/contracts";
import { taskQueues } from "@salvage/contracts/workflow-names";
import { proxyActivities } from "@temporalio/workflow";
import type { ImportActivities } from "../activities/import.ts";

// Converting gigabytes of symbols takes minutes; an hour is more than the largest file allowed needs. Repeating is safe:
// files already published are recognised. After six tries the sweep starts it again later.
const { importFiles } = proxyActivities<ImportActivities>({
  taskQueue: taskQueues.import,
  startToCloseTimeout: "1 hour",
  heartbeatTimeout: "1 minute",
  retry: { initialInterval: "2 seconds", maximumInterval: "1 minute", maximumAttempts: 6 },
});

// A few signals to Temporal, idempotent; a lost one is found by the sweep.
const { wakeArrivals } = proxyActivities<ImportActivities>({
  taskQueue: taskQueues.main,
  startToCloseTimeout: "1 minute",
  retry: { maximumAttempts: 5 },
});

/** Imports `input.uploadId`, then wakes the arrival of each file that a crash waits for. */
export async function importUpload(input: ImportInput): Promise<void> {
  const { organizationId, awaitedFileKeys } = await importFiles(input);
  if (organizationId !== null && awaitedFileKeys.length > 0) await wakeArrivals({ organizationId, fileKeys: awaitedFileKeys });
}
