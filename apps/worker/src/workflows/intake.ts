/**
 * The lane of one project: takes its received crashes in batches until none is left. Guarantees that a crash whose row
 * was committed before a poke is claimed by this run or by a later one: pokes are counted, the count is noted before
 * the claim, and the lane ends only when a claim came back empty and no poke came meanwhile. Which crashes there are,
 * and that each is finished once, is the rows' business (claims with leases), not this file's.
 */

import type { IntakeInput, WorkProgress } from "@salvage/contracts";
import { pokeSignal, progressQuery, taskQueues } from "@salvage/contracts/workflow-names";
import { continueAsNew, defineQuery, defineSignal, proxyActivities, setHandler, workflowInfo } from "@temporalio/workflow";
import type { IntakeActivities } from "../activities/intake.ts";

/** "Look again", after the commit of a crash. Carries nothing. */
export const lookAgain = defineSignal(pokeSignal);
export const progress = defineQuery<WorkProgress>(progressQuery);

/** Temporal refuses more than 10,000 signals in one run. */
const maxPokesPerRun = 8_000;

// A batch works for about 5 s and then returns; two minutes leave room for one slow crash per child and a slow database.
// The heartbeat comes every 5 s, so 20 s of silence mean that the worker died; by then its leases have ended, too, and the
// next try finds its crashes. Retried without end: it claims anew each time, and a crash's own fault is a row's state, never
// a failure of the activity.
const { processBatch } = proxyActivities<IntakeActivities>({
  taskQueue: taskQueues.intake,
  startToCloseTimeout: "2 minutes",
  heartbeatTimeout: "20 seconds",
  retry: { initialInterval: "1 second", maximumInterval: "30 seconds" },
});

/** Drains the lane of `input.projectId`. */
export async function intake(input: IntakeInput): Promise<void> {
  let pokes = 1; // the start itself
  let done = 0;
  setHandler(lookAgain, () => {
    pokes += 1;
  });
  setHandler(progress, () => ({ done, total: null }));

  /** Batch after batch until a claim comes back empty. */
  const drain = async (): Promise<void> => {
    for (;;) {
      const batch = await processBatch(input);
      done += batch.claimed;
      if (batch.empty || shouldContinueAsNew(pokes)) return;
    }
  };

  for (;;) {
    const seen = pokes; // before the claim: a poke after it means another look
    const batch = await processBatch(input);
    done += batch.claimed;
    if (!batch.empty) await Promise.all([drain(), drain()]); // a queue: two batches in flight, no more
    if (shouldContinueAsNew(pokes)) await continueAsNew<typeof intake>(input);
    if (pokes === seen) return; // the last claim was empty, and nothing is awaited between this test and the end
  }
}

function shouldContinueAsNew(pokes: number): boolean {
  return workflowInfo().continueAsNewSuggested || pokes >= maxPokesPerRun;
}
