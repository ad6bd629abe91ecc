/**
 * Posts many crashes at a steady rate from a process of its own, so that neither making nor sending them delays whoever measures the answers to
 * others. The bodies are one dump each with four bytes of their own behind it: no server takes two for the same. Prints one line of JSON.
 *
 * usage: node flood.ts <minidump URL> <hostile dump's name | harmless> <posts> <posts a second> [least bytes of each]
 */
import { Agent, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { distinctDump } from "./crashes.ts";
import { hostileDumps } from "./hostile/dumps.ts";

const [url = "", name = "", posts = "0", perSecond = "1", leastBytes = "0"] = process.argv.slice(2);
const made =
  name === "harmless"
    ? distinctDump(0)
    : hostileDumps()
        .find((dump) => dump.name === name)
        ?.bytes(0);
if (made === undefined) throw new Error(`no hostile dump is called ${name}`);
const dump = Buffer.concat([made, Buffer.alloc(Math.max(0, Number(leastBytes) - made.length))]);
/** More than the server answers at once anyway; a post beyond waits here. */
const agent = new Agent({ keepAlive: true, maxSockets: 32 });

function post(number: number): Promise<number> {
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(number);
  const headers = { "Content-Type": "application/x-dmp", "Content-Length": dump.length + tail.length };
  return new Promise((resolve, reject) => {
    const sent = request(url, { method: "POST", agent, headers }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    sent.on("error", reject);
    sent.write(dump);
    sent.end(tail);
  });
}

const since = performance.now();
const answers: Promise<number>[] = [];
while (answers.length < Number(posts)) {
  answers.push(post(answers.length + 1));
  await sleep(Math.max(0, since + (1000 * answers.length) / Number(perSecond) - performance.now()));
}
const statuses = await Promise.all(answers);
const accepted = statuses.filter((status) => status === 200).length;
process.stdout.write(`${JSON.stringify({ accepted })}\n`);
agent.destroy();
