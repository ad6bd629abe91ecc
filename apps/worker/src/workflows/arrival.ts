/**
 * A debug file has come: upgrades every crash of the organization that waited for it, names-only ones first. Guarantees
 * that no waiting crash is skipped: a busy one is revisited, a second file of the same id starts the scan again from its
 * first page, and the arrival ends only when nobody waits any more (or nobody can use the file) and no poke came meanwhile.
 * Continues as new every twenty pages, so a file that ten thousand crashes wait for has no longer history than one. Not
 * after each page: Temporal lets the runs of one workflow begin at most once a second.
 */

import type { ArrivalInput, WorkProgress } from "@salvage/contracts";
import { pokeSignal, progressQuery, taskQueues } from "@salvage/contracts/workflow-names";
import { continueAsNew, defineQuery, defineSignal, proxyActivities, setHandler, sleep } from "@temporalio/workflow";
import type { UpgradeActivities } from "../activities/upgrade.ts";
import { isLastPage } from "./arrival-end.ts";

/** "Start from the first page": another file of this id came, or somebody stopped ignoring it. */
export const lookAgain = defineSignal(pokeSignal);
export const progress = defineQuery<WorkProgress>(progressQuery);

/** Who holds a busy crash needs a moment; a crash takes well under a second, a dead worker's lease 15 s. */
const busyPause = "2 seconds";
const maxPagesPerRun = 20;

// A page is at most 256 crashes, or what five seconds suffice for; see intake for the times. A file that fails for reasons outside a crash is tried for
// some minutes; then the sweep, which sees the same waiting rows, starts the arrival again.
const { upgradePage } = proxyActivities<UpgradeActivities>({
  taskQueue: taskQueues.upgrade,
  startToCloseTimeout: "15 minutes",
  heartbeatTimeout: "20 seconds",
  retry: { initialInterval: "1 second", maximumInterval: "1 minute", maximumAttempts: 10 },
});

/** Upgrades the crashes that wait for `input.fileKey`, page by page, from `input.cursor` on. */
export async function arrival(input: ArrivalInput): Promise<void> {
  let pokes = 0;
  let answered = 0; // pokes that the running scan answers: those that came before it began
  let { cursor, done } = input;
  let total: number | null = null;
  setHandler(lookAgain, () => {
    pokes += 1;
  });
  setHandler(progress, () => ({ done, total }));

  for (let pages = 0; pages < maxPagesPerRun; pages++) {
    if (cursor === null) answered = pokes;
    const page = await upgradePage({ ...input, cursor, done });
    done += page.upgraded;
    total = page.waiting === null ? (total === null ? null : Math.max(total, done)) : done + page.waiting;
    if (page.next === null && !page.cut && page.busy > 0) await sleep(busyPause);
    if (pokes === answered && isLastPage({ cursor }, page)) return;
    // A poke asks for a scan from the start; so does the end of a scan, to see that it left nobody behind.
    cursor = pokes === answered ? page.next : null;
  }
  await continueAsNew<typeof arrival>({ ...input, cursor, done });
}
