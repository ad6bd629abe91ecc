/**
 * How many minidumps ingest takes in, against a bare server that writes the same bytes as durably and records nothing: both in turns, in
 * one run, so that a shared machine slows both alike; between them a bare server that writes the bytes that ingest writes, hashed and sealed. Ingest's database is a real PostgreSQL on the same machine, and so are the senders.
 * Proves that nothing is lost: posts sent = rows found.
 *
 * usage: pnpm bench:ingest [--posts 2000] [--rounds 4] [--connections 50] [--bytes 200000]
 */
import { parseArgs } from "node:util";
import {
  distinctForm,
  type Load,
  post,
  postgresMs,
  processorMs,
  quantile,
  residentMiB,
  type Server,
  startBareServer,
  startWorld,
} from "./world.ts";

const { values } = parseArgs({
  options: {
    posts: { type: "string", default: "2000" },
    rounds: { type: "string", default: "4" },
    connections: { type: "string", default: "50" },
    bytes: { type: "string", default: "200000" },
  },
});
const [posts, rounds, connections, bytes] = [values.posts, values.rounds, values.connections, values.bytes].map(Number) as [
  number,
  number,
  number,
  number,
];

const world = await startWorld();
const bare = await startBareServer();
const sealed = await startBareServer("sealed");
const form = distinctForm(bytes);
const load = (count: number) => ({ count, connections, type: form.type, next: form.next });
const print = (line: string) => process.stdout.write(`${line}\n`);
const percent = (share = Number.NaN) => `${(100 * share).toFixed(0)} %`;

/** One round against one server: rate, latency, memory, and the processor time of a post: the server's, PostgreSQL's and the senders'. */
async function measure(name: string, server: Server, path: string): Promise<Load> {
  const spent = async () => [await processorMs(server), await postgresMs(), ownMs()];
  const before = await spent();
  const result = await post(server.port, path, load(posts));
  const each = (await spent()).map((ms, at) => ((ms - (before[at] ?? 0)) / posts).toFixed(2)).join(" + ");
  const [p50, p99] = [0.5, 0.99].map((share) => quantile(result.latencies, share).toFixed(0));
  print(
    `${name}  ${result.perSecond.toFixed(0)} posts/s  p50 ${p50} ms  p99 ${p99} ms  ${each} ms of processor a post  ${await residentMiB(server)} MiB`,
  );
  return result;
}

function ownMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

print(`${posts} posts of ${bytes} bytes a round, ${connections} connections; processor time: server + PostgreSQL + senders`);
const warmUp = Math.min(300, posts);
for (const { port } of [bare, sealed]) await post(port, "/", load(warmUp));
await post(world.ingest.port, world.path, load(warmUp));
let sent = warmUp;
const ratios = { bare: [] as number[], sealed: [] as number[] };
for (let round = 1; round <= rounds; round++) {
  const ofBare = await measure("bare  ", bare, "/");
  const ofSealed = await measure("sealed", sealed, "/");
  const ofIngest = await measure("ingest", world.ingest, world.path);
  sent += posts;
  const answers = [...ofIngest.answers].map(([status, count]) => `${count} × ${status}`).join(", ");
  ratios.bare.push(ofIngest.perSecond / ofBare.perSecond);
  ratios.sealed.push(ofIngest.perSecond / ofSealed.perSecond);
  print(
    `        ${percent(ratios.bare.at(-1))} of the bare server, ${percent(ratios.sealed.at(-1))} of the sealing one; answers ${answers}`,
  );
}
const { rows } = await world.sql.query("SELECT count(*)::int AS count FROM crashes");
const { rows: refused } = await world.sql.query("SELECT coalesce(sum(count), 0)::int AS count FROM refusal_counts");
await Promise.all([bare.stop(), sealed.stop(), world.stop()]);
const medians = `median ${percent(quantile(ratios.bare, 0.5))} of the bare server, ${percent(quantile(ratios.sealed, 0.5))} of the sealing one`;
print(`${medians}; sent ${sent}, rows ${rows[0].count}, refused ${refused[0].count}, lost ${sent - rows[0].count - refused[0].count}`);
process.exit(sent === rows[0].count ? 0 : 1);
