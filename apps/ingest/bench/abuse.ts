/**
 * Hostile posts against a real ingest process: the answer to each, the process's memory before and after it, and its time. Then normal
 * traffic alone, and beside a thousand connections that send a byte a second.
 *
 * usage: pnpm --filter @salvage/ingest bench:abuse [--bomb-mib 64]
 */
import { connect } from "node:net";
import { parseArgs } from "node:util";
import { hostilePosts } from "@salvage/testkit/hostile-posts";
import { distinctForm, post, quantile, residentMiB, startWorld } from "./world.ts";

const { values } = parseArgs({ options: { "bomb-mib": { type: "string", default: "64" } } });
const print = (line: string) => process.stdout.write(`${line}\n`);
const world = await startWorld({ MAX_DUMP_BYTES: String(32 * 1024 * 1024), MAX_REQUEST_BYTES: String(40 * 1024 * 1024) });
const { ingest, path } = world;
const form = distinctForm(200_000);
const traffic = () => post(ingest.port, path, { count: 300, connections: 4, type: form.type, next: form.next });
let failed = 0;

await traffic();
print(`memory  before → after MiB, time, what: answer (bombs unpack to ${values["bomb-mib"]} MiB)`);
for (const each of hostilePosts(Number(values["bomb-mib"]) * 1024 * 1024)) {
  if (each.skip !== null) {
    print(`skipped                  ${each.name}: ${each.skip}`);
    continue;
  }
  const before = await residentMiB(ingest);
  const since = performance.now();
  const answer = await each
    .run(ingest.port, path)
    .catch((error: unknown) => `no answer: ${error instanceof Error ? error.message : error}`);
  const milliseconds = performance.now() - since;
  const right = each.expect.test(answer);
  if (!right) failed++;
  print(
    `${right ? "ok   " : "WRONG"}  ${String(before).padStart(4)} → ${String(await residentMiB(ingest)).padStart(4)}  ${milliseconds.toFixed(0).padStart(6)} ms  ${each.name}: ${answer.slice(0, 110)}`,
  );
}

const latency = async (name: string) => {
  const { latencies, answers } = await traffic();
  const taken = answers.get(200) ?? 0;
  if (taken !== latencies.length) failed++;
  print(
    `${name}  p50 ${quantile(latencies, 0.5).toFixed(0)} ms  p99 ${quantile(latencies, 0.99).toFixed(0)} ms  ${taken} × 200  ${await residentMiB(ingest)} MiB`,
  );
};
await latency("normal traffic alone                         ");
const slow = Array.from({ length: 1000 }, () => connect(ingest.port, "127.0.0.1"));
for (const socket of slow) {
  socket.on("error", () => undefined);
  socket.write(`POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-dmp\r\nContent-Length: 1000000\r\n\r\nMDMP`);
}
const trickle = setInterval(() => {
  for (const socket of slow) socket.write(".");
}, 1000);
await latency("beside a thousand slow connections           ");
await latency("beside a thousand slow connections, once more");
clearInterval(trickle);
for (const socket of slow) socket.destroy();
await latency("normal traffic alone, afterwards             ");
await world.stop();
process.exit(failed === 0 ? 0 : 1);
