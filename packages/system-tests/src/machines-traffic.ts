/** Crashes sent to several ingests, and what must hold of them afterwards. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { bytesOfRows, stillHeld, unfinished, waitingForNothing } from "../chaos/invariants.ts";
import { distinctDump } from "./crashes.ts";
import { until } from "./installation.ts";
import { type Machines, type Part, processesOf } from "./machines.ts";

export type Post = { dump?: Buffer<ArrayBuffer>; key?: string; eventId?: string };

export class MachinesTraffic {
  readonly #machines: Machines;
  #number: number;
  /** Ids that senders were told, one for each crash. */
  readonly accepted: string[] = [];

  /** @param first number of its first crash; those of one installation differ */
  constructor(machines: Machines, first = 0) {
    this.#machines = machines;
    this.#number = first;
  }

  nextDump(): Buffer<ArrayBuffer> {
    return distinctDump(this.#number++);
  }

  async post(
    to: Part,
    { dump = this.nextDump(), key = this.#machines.publicKey, eventId }: Post = {},
  ): Promise<{ status: number; text: string }> {
    const form = new FormData();
    form.set("upload_file_minidump", new Blob([dump]), "driftwood.dmp");
    if (eventId !== undefined) form.set("sentry[event_id]", eventId);
    const url = `${to.url}/api/${this.#machines.projectId}/minidump/?sentry_key=${key}`;
    const answer = await fetch(url, { method: "POST", body: form, signal: AbortSignal.timeout(20_000) });
    return { status: answer.status, text: await answer.text() };
  }

  /** As a patient sender does: the same crash again, to the next one, when one is away. @param first whom it asks first */
  async postUntilAccepted(ingests: readonly Part[], first: number): Promise<void> {
    const dump = this.nextDump();
    for (let turn = first; ; turn++) {
      const answer = await this.post(ingests[turn % ingests.length] as Part, { dump }).catch(() => null);
      if (answer?.status === 200) {
        this.accepted.push(answer.text);
        return;
      }
      await sleep(100);
    }
  }

  /** Waits until nothing is under way, then looks. @returns one sentence per broken invariant */
  async broken(): Promise<string[]> {
    const { query, blobKeys } = this.#machines;
    const broken: string[] = [];
    const none = async (what: string, sql: string) => {
      const count = async () => Number((await query<{ n: string }>(`SELECT count(*) AS n ${sql}`))[0]?.n);
      await until(what, 120_000, async () => ((await count()) === 0 ? true : null)).catch(() => null);
      if ((await count()) > 0) broken.push(`${await count()} ${what}`);
    };
    await none("crashes are not finished", unfinished);
    await none("crashes wait for files that are there", waitingForNothing);
    await none("crashes are held though nothing is to do", stillHeld);
    await none("complete crashes still have their dump", "FROM crashes WHERE state = 'complete' AND dump_state = 'held'");
    await none("crashes were rejected", "FROM crashes WHERE state = 'rejected'");
    await none("reports are there twice", "FROM (SELECT 1 FROM reports GROUP BY crash_id, revision HAVING count(*) > 1) twice");

    const there = new Set((await query<{ id: string }>("SELECT id FROM crashes")).map(({ id }) => id));
    if (new Set(this.accepted).size !== this.accepted.length) broken.push("two crashes were answered with one id");
    const lost = this.accepted.filter((id) => !there.has(id)).length;
    if (lost > 0) broken.push(`${lost} crashes were accepted and are not there`);
    if (there.size !== this.accepted.length) broken.push(`${this.accepted.length} crashes were accepted, ${there.size} are there`);
    const [issues] = await query<{ counted: number }>("SELECT coalesce(sum(crash_count), 0)::int AS counted FROM issues");
    if (issues?.counted !== there.size) broken.push(`issues count ${issues?.counted} crashes of ${there.size}`);
    for (const { counted, stored } of await query<{ counted: number; stored: number }>(bytesOfRows))
      if (counted !== stored) broken.push(`the organization counts ${counted} bytes, its rows name ${stored}`);

    const named = await query<{ key: string }>(
      `SELECT blob_key AS key FROM reports UNION ALL SELECT source_blob_key FROM debug_files UNION ALL
       SELECT symcache_blob_key FROM debug_files WHERE symcache_blob_key IS NOT NULL UNION ALL SELECT dump_blob_key FROM crashes WHERE dump_state = 'held'`,
    );
    const blobs = new Set(await blobKeys());
    for (const { key } of named) if (!blobs.has(key)) broken.push(`a row names blob ${key}, which is not there`);
    return broken;
  }
}

/** After an orderly stop: what these parts left behind. @returns one sentence per thing */
export async function leftBehind(parts: readonly Part[]): Promise<string[]> {
  const left: string[] = [];
  for (const { name, home } of parts) {
    for (const pid of await processesOf(home)) left.push(`process ${pid} of ${name} still runs`);
    for (const file of await readdir(join(home, "worker-tmp"), { recursive: true }).catch(() => [])) left.push(`${name} left ${file}`);
  }
  return left;
}
