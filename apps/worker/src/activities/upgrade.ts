/** The upgrade batch: takes one page of the crashes that waited for a debug file and gives each what the file brings. */
import type { ArrivalInput, FileNeed } from "@salvage/contracts";
import type { ClaimedCrash, SystemArrivals, WaitingCrash } from "@salvage/db/system";
import { metrics } from "@salvage/telemetry";
import { failPoint } from "@salvage/telemetry/fail-points";
import { BatchContext } from "../processing/batch-context.ts";
import { FollowUps } from "../processing/follow-ups.ts";
import { workThrough } from "../processing/pool-of-work.ts";
import { type CrashEnding, type CrashWork, processCrash } from "../processing/process-crash.ts";
import { isLastPage } from "../workflows/arrival-end.ts";
import { type Batch, batchLimits, inBatch } from "./batch.ts";
import type { IntakePorts } from "./intake.ts";

export type UpgradePorts = IntakePorts & { arrivals: SystemArrivals };

export type UpgradePage = {
  /** Crashes looked at. */
  visited: number;
  upgraded: number;
  /** Held by somebody else just now: to be visited again. */
  busy: number;
  /** How many still wait for the file, after this page; null while more pages follow: counting ten thousand for each page costs more than the page. */
  waiting: number | null;
  /** Where the next page begins; null at the end. */
  next: string | null;
  /** True: the clock or a shutdown cut the page short, and `next` begins it again. */
  cut: boolean;
};

export type UpgradeActivities = ReturnType<typeof createUpgradeActivities>;

/** Crashes of one page: enough that what a page costs besides is little. The clock cuts it short where crashes are slow. */
const pageCrashes = 256;
/** How often progress is written for the screens. */
const progressEveryMs = 500;

export function createUpgradeActivities(ports: UpgradePorts) {
  return {
    /** Idempotent: an upgraded crash no longer waits, so a repeated page finds only what is left. */
    async upgradePage({ organizationId, fileKey, cursor, done }: ArrivalInput): Promise<UpgradePage> {
      return await inBatch(ports, async (batch) => {
        const { arrivals } = ports;
        const page = await arrivals.waitingPage({ organizationId, fileKey, cursor, limit: pageCrashes });
        failPoint("arrival.page");
        const total = cursor === null ? done + (await arrivals.waitingCount(organizationId, fileKey)) : null;
        const counts = { visited: 0, upgraded: 0, busy: 0 };
        const context = new BatchContext(ports.files);
        const after = new FollowUps(ports);
        let shownAt = Date.now();
        if (total !== null && page.crashes.length > 0) await arrivals.progress(organizationId, fileKey, done, total);
        const rest = await workThrough(page.crashes, ports.concurrency, batch.mayStart, async (crash) => {
          const ending = await upgradeCrash(ports, batch, fileKey, crash, context, after);
          metrics.upgrades.inc({ outcome: ending });
          counts.visited += 1;
          if (ending === "complete" || ending === "provisional") counts.upgraded += 1;
          if (ending === "busy") counts.busy += 1;
          if (Date.now() - shownAt < progressEveryMs) return;
          shownAt = Date.now();
          await arrivals.progress(organizationId, fileKey, done + counts.upgraded, total);
        });
        await after.settle();
        // A page cut short by the clock is taken up again where it began; what was upgraded no longer waits.
        const cut = rest.length > 0;
        const next = cut ? cursor : page.next;
        const waiting = cut || next !== null ? null : await arrivals.waitingCount(organizationId, fileKey);
        const result: UpgradePage = { ...counts, waiting, next, cut };
        const upgraded = done + counts.upgraded;
        const left = isLastPage({ cursor }, result) ? 0 : waiting;
        await arrivals.progress(organizationId, fileKey, upgraded, left === null ? null : upgraded + left);
        return result;
      });
    },
  };
}

/** `gone`: nothing is to be done; `busy`: look again. */
type UpgradeEnding = CrashEnding | "busy" | "gone";

async function upgradeCrash(
  ports: UpgradePorts,
  batch: Batch,
  fileKey: string,
  { crashId, needs }: WaitingCrash,
  context: BatchContext,
  after: FollowUps,
): Promise<UpgradeEnding> {
  const claim = await ports.arrivals.claimForUpgrade(crashId, batchLimits.leaseMs);
  if (claim.outcome !== "claimed") return claim.outcome;
  const { crash, claimToken } = claim;
  batch.holds(claimToken);
  let ended = false;
  try {
    // Its lane, another arrival, or this page's first try in a worker that stood still may have been here since the page was read.
    const now = crash.waiting.find((file) => file.fileKey === fileKey)?.needs;
    if (now !== needs) return now === undefined ? "gone" : "busy";
    const ending = await processCrash(ports, { crash, claimToken, ...wayOf(crash, needs), started: true }, context, after);
    ended = true;
    return ending;
  } finally {
    batch.letsGo(claimToken);
    if (!ended) await ports.crashes.releaseClaim(claimToken);
  }
}

/** New unwind rules need the dump and a new walk; names do not, and are all that can be had when the dump is gone. */
function wayOf(crash: ClaimedCrash, needs: FileNeed): Pick<CrashWork, "way" | "kind"> {
  const wantsUnwind = needs !== "names" || crash.waiting.some((file) => file.needs !== "names");
  return crash.dump !== null && wantsUnwind ? { way: "walk", kind: "re_walk" } : { way: "names", kind: "names_only" };
}
