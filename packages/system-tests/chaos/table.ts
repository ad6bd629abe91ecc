/** Kills by place and outcome, over one run or several, as Markdown. */
import type { ChaosResult, Tally } from "./chaos.ts";

export function tableOf(runs: readonly ChaosResult[]): string {
  const places = new Map<string, Tally>();
  for (const { blows } of runs) {
    for (const [name, { kills, hit, missed, readyAfterMs }] of Object.entries(blows)) {
      const sum = places.get(name) ?? { kills, hit: 0, missed: 0, readyAfterMs: [] };
      places.set(name, { kills, hit: sum.hit + hit, missed: sum.missed + missed, readyAfterMs: [...sum.readyAfterMs, ...readyAfterMs] });
    }
  }
  const rows = [...places].sort(([a], [b]) => (a < b ? -1 : 1));
  const hits = (list: typeof rows) => list.reduce((sum, [, { hit }]) => sum + hit, 0);
  const add = (of: (run: ChaosResult) => number) => runs.reduce((sum, run) => sum + of(run), 0);
  const broken = runs.flatMap((run) => run.broken.map((sentence) => `- BROKEN, seed ${run.seed}: ${sentence}`));
  return [
    "| place | hit | nobody came by | ready again after, median | longest |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...rows.map(([name, tally]) => `| ${name} | ${tally.hit} | ${tally.missed} | ${seconds(tally, 0.5)} | ${seconds(tally, 1)} |`),
    `| **together** | **${hits(rows)}** | ${rows.reduce((sum, [, { missed }]) => sum + missed, 0)} | | |`,
    `| **of these, kills of a process** | **${hits(rows.filter(([, { kills }]) => kills))}** | | | |`,
    "",
    `${runs.length === 1 ? "Seed" : "Seeds"} ${runs.map((run) => run.seed).join(", ")}; ${add((run) => run.sent)} crashes sent and accepted, ${add((run) => run.dropped)} more dropped over a quota and counted;`,
    `${add((run) => run.refusedAnswers)} posts were refused or cut off and sent again.`,
    ...(broken.length === 0 ? ["Every invariant holds."] : broken),
  ].join("\n");
}

function seconds({ readyAfterMs }: Tally, share: number): string {
  const sorted = [...readyAfterMs].sort((a, b) => a - b);
  const ms = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return ms === undefined ? "" : `${(ms / 1000).toFixed(1)} s`;
}
