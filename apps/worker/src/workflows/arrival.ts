/**
 * A debug file has come: upgrades every crash of the organization that waited for it, names-only ones first. Guarantees
 * that no waiting crash is skipped: a busy one is revisited, a second file of the same id starts the scan again from its
 * first page, and the arrival ends only when nobody waits any more (or nobody can use the file) and no poke came meanwhile.
 * Each page continues as new, so a file that ten thousand crashes wait for costs no longer history than one.
 */
import type { ArrivalInput, WorkProgress } from "@salvage/contracts";
import { pokeSignal, progressQuery, taskQueues } from "@salvage/contracts/workflow-names";
import { continueAsNew, defineQuery, defineSignal, proxyActivities, setHandler, sleep } from "@temporalio/workflow";
import type { UpgradeActivities } from "../activities/upgrade.ts";
import { isLastPage } from "./arrival-end.ts";

/** "Start from the first page": another file of this id came, or somebody stopped ignoring it. */
export const lookAgain = defineSignal(pokeSignal);
export const progress = defineQuery<WorkProgress>(progressQuery);

/** Who holds a busy crash needs a moment; a crash takes well under a second, a dead worker's lease up to half a minute. */
const busyPause = "2 seconds";

// A page is at most 64 crashes; see intake for the times. A file that fails for reasons outside a crash is tried for
// some minutes; then the sweep, which sees the same waiting rows, starts the arrival again.
const { upgradePage } = proxyActivities<UpgradeActivities>({
  taskQueue: taskQueues.upgrade,
  startToCloseTimeout: "5 minutes",
  heartbeatTimeout: "30 seconds",
  retry: { initialInterval: "1 second", maximumInterval: "1 minute", maximumAttempts: 10 },
});

/** Upgrades one page of waiting crashes and continues as new with the next, until nobody waits. */
export async function arrival(input: ArrivalInput): Promise<void> {
  let pokes = 0;
  const soFar: WorkProgress = { done: input.done, total: null };
  setHandler(lookAgain, () => {
    pokes += 1;
  });
  setHandler(progress, () => soFar);

  const page = await upgradePage(input);
  const done = input.done + page.upgraded;
  soFar.done = done;
  soFar.total = done + page.waiting;

  if (page.next === null && !page.cut && page.busy > 0) await sleep(busyPause);
  if (pokes === 0 && isLastPage(input, page)) return;
  // A poke asks for a scan from the start; so does the end of a scan, to see that it left nobody behind.
  await continueAsNew<typeof arrival>({ ...input, cursor: pokes > 0 ? null : page.next, done });
}
