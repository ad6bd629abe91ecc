/** What a run strikes with: each blow by its name, what it needs to hit somebody, and how it strikes. */
import { existsSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type FailPoint, failPointNames } from "@salvage/telemetry/fail-points";
import { until } from "../src/installation.ts";
import { cuts } from "./cutting-proxy.ts";
import type { BlobFault, ChaosStack, Connections, ServiceName } from "./stack.ts";
import type { Bait } from "./traffic.ts";

export type Blow = {
  name: string;
  /** What has to happen for somebody to come by, again and again until somebody does; null: it strikes by itself. */
  wants: Bait | null;
  /** A process dies by it: what a run counts. The others go on, and have to bear it. */
  kills: boolean;
  /** A process that works on a crash may die by it. */
  killsWork: boolean;
  /** @returns whether it hit */
  strike(): Promise<boolean>;
};

const services: readonly ServiceName[] = ["ingest", "worker", "temporal", "postgres", "web"];
const faults: readonly BlobFault[] = ["slow", "failing", "lying"];
const connections: readonly Connections[] = ["postgres", "temporal", "senders"];

/** A worker that was struck before takes some seconds to be back, and Temporal some to give it work again. */
const trapPatienceMs = 30_000;
/** How long a fault lasts. */
const faultMs = 1_500;

/**
 * Draws blows: half of them at fail points, each of which comes once before one comes again.
 * @param random uniform in [0, 1); the same numbers draw the same blows
 * @returns draws one that suits
 */
export function blowsOf(stack: ChaosStack, random: () => number): (suits: (blow: Blow) => boolean) => Blow {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const deck: FailPoint[] = [];
  const nextFailPoint = (suits: (blow: Blow) => boolean): Blow | null => {
    if (deck.length === 0) {
      const points = [...failPointNames];
      while (points.length > 0) deck.push(...points.splice(Math.floor(random() * points.length), 1));
    }
    const place = deck.findIndex((point) => suits(atFailPoint(stack, point)));
    return place < 0 ? null : atFailPoint(stack, deck.splice(place, 1)[0] as FailPoint);
  };
  return (suits) => {
    for (;;) {
      const kind = random();
      const blow = kind < 0.5 ? nextFailPoint(suits) : drawOther(stack, kind, pick);
      if (blow !== null && suits(blow)) return blow;
    }
  };
}

/** @param kind in [0.5, 1) */
function drawOther(stack: ChaosStack, kind: number, pick: <T>(list: readonly T[]) => T): Blow {
  if (kind < 0.72) {
    const victim = pick([...services, "child"] as const);
    const kill = async () => (victim === "child" ? stack.killChild() : stack.kill(victim)) || null;
    // It may be down just then, by another blow.
    const strike = () => until(`somebody to kill: ${victim}`, trapPatienceMs, kill).catch(() => false);
    return byItself(`kill ${victim}`, strike, { kills: true, killsWork: victim === "worker" || victim === "child" });
  }
  if (kind < 0.77) return byItself("kill launcher", () => stack.killLauncher().then(always), { kills: true, killsWork: true });
  if (kind < 0.82) return byItself("lose Temporal's store", () => stack.loseTemporalStore().then(always), { kills: true });
  if (kind < 0.88) {
    const fault = pick(faults);
    return byItself(`blob store ${fault}`, async () => {
      await stack.blobFault(fault, true);
      await sleep(faultMs);
      await stack.blobFault(fault, false);
      return true;
    });
  }
  if (kind < 0.96) {
    const [whose, how] = [pick(connections), pick(cuts)];
    return byItself(`cut ${whose}: ${how}`, () => stack.proxies[whose].cut(how, faultMs).then(always));
  }
  return byItself("disk full", async () => {
    if (stack.disk === null) return false;
    await stack.disk.fill();
    await sleep(faultMs);
    await stack.disk.makeRoom();
    return true;
  });
}

const always = () => true;

function byItself(name: string, strike: Blow["strike"], { kills = false, killsWork = false } = {}): Blow {
  return { name, wants: null, kills, killsWork, strike };
}

/** Waits for somebody to die there; takes the trap away when nobody does. */
function atFailPoint(stack: ChaosStack, point: FailPoint): Blow {
  return {
    name: `at ${point}`,
    wants: point === "arrival.page" ? "arrival" : /^(import|upload)/.test(point) ? "import" : "crash",
    kills: true,
    killsWork: /^(worker|child|import|arrival)/.test(point),
    async strike() {
      const path = join(stack.failPoints, point);
      await writeFile(path, "");
      const died = await until(`somebody dies at ${point}`, trapPatienceMs, async () => (existsSync(`${path}.hit`) ? true : null)).catch(
        () => false,
      );
      await rm(path, { force: true });
      await rm(`${path}.hit`, { force: true });
      return died;
    },
  };
}
