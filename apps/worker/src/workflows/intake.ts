/**
 * The lane of one project: takes its received crashes in batches until none is left. Guarantees that a crash whose row
 * was committed before a poke is claimed by this run or by a later one: pokes are counted, the count is noted before
 * the claim, and the lane ends only when a claim came back empty and no poke came meanwhile. Which crashes there are,
 * and that each is finished once, is the rows' business (claims with leases), not this file's.
 */

import type { IntakeInput, WorkProgress } from "@salvage/contracts";
import { pokeSignal, progressQuery, taskQueues } from "@salvage/contracts/workflow-names";
import { continueAsNew, defineQuery, defineSignal, proxyActivities, setHandler, workflowInfo } from "@temporalio/workflow";
import type { IntakeActivities, IntakeBatch } from "../activities/intake.ts";

/** "Look again", after the commit of a crash. Carries nothing. */
export const lookAgain = defineSignal(pokeSignal);
export const progress = defineQuery<WorkProgress>(progressQuery);

/** Enough that one overlaps the other's ends, and half of a worker's slots: the next project finds one free. */
const batchesPerWorker = 2;

/** Temporal refuses more than 10,000 signals in one run. */
const maxPokesPerRun = 8_000;

// A batch works for about 5 s and then returns; a quarter of an hour leaves room for slow crashes that had begun, one after the other in each child.
// The heartbeat comes every 5 s, so 20 s of silence mean that the worker died; by then its leases have ended, too, and the
// next try finds its crashes. Retried without end: it claims anew each time, and a crash's own fault is a row's state, never
// a failure of the activity.
const { processBatch } = proxyActivities<IntakeActivities>({
  taskQueue: taskQueues.intake,
  startToCloseTimeout: "15 minutes",
  heartbeatTimeout: "20 seconds",
  retry: { initialInterval: "1 second", maximumInterval: "30 seconds" },
});

/** Drains the lane of `input.projectId`. */
export async function intake(input: IntakeInput): Promise<void> {
  let pokes = 1; // the start itself
  let done = 0;
  let atOnce = batchesPerWorker;
  setHandler(lookAgain, () => {
    pokes += 1;
  });
  setHandler(progress, () => ({ done, total: null }));

  const take = async (): Promise<IntakeBatch> => {
    const batch = await processBatch(input);
    done += batch.claimed;
    atOnce = batchesPerWorker * (batch.workers ?? 1);
    return batch;
  };

  let drains = 0;
  /** Batch after batch until a claim comes back empty; more of them beside it as workers come. */
  const drain = async (): Promise<void> => {
    drains += 1;
    const others: Promise<void>[] = [];
    for (;;) {
      const batch = await take();
      if (batch.empty || shouldContinueAsNew(pokes)) break;
      while (drains < atOnce) others.push(drain());
    }
    await Promise.all(others);
  };

  for (;;) {
    const seen = pokes; // before the claim: a poke after it means another look
    const batch = await take();
    drains = 0;
    // A queue: so many batches in flight, no more. As many ask for what one worker has no key of, so that those who have it are among them.
    if (!batch.empty || batch.othersMay === true) await Promise.all(Array.from({ length: atOnce }, drain));
    if (shouldContinueAsNew(pokes)) await continueAsNew<typeof intake>(input);
    if (pokes === seen) return; // the last claim was empty, and nothing is awaited between this test and the end
  }
}

function shouldContinueAsNew(pokes: number): boolean {
  return workflowInfo().continueAsNewSuggested || pokes >= maxPokesPerRun;
}
