/**
 * A known stream of crashes and debug files: builds of the demo program with ids of their own, crashes of each, files that are no dumps, senders
 * that go away, senders over their quota. Whatever is answered is kept, so that it can be held against the rows afterwards.
 */
import { createHash, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { demoFiles, repositoryRoot } from "@salvage/launcher";
import { until } from "../src/installation.ts";
import type { ChaosStack, Project } from "./stack.ts";

const dump = await readFile(join(repositoryRoot, demoFiles.secondDump));
const symbols = await readFile(join(repositoryRoot, demoFiles.secondSymbols), "utf8");
const codeId = /INFO CODE_ID ([0-9A-F]+)/.exec(symbols)?.[1]?.toLowerCase() ?? "";
const idAt = dump.indexOf(Buffer.from(codeId.slice(0, 32), "hex"));
if (idAt < 0) throw new Error("the demo dump does not hold the build id of its symbols");

export type Sent = { eventId: string; build: number; good: boolean; crashId: string | null };

/** What brings somebody to a fail point: a crash to process, a file to import, a file that a crash waits for. */
export type Bait = "crash" | "import" | "arrival";

export type Answer = { status: number; text: string };

/** Builds of bait are numbered from here on, those of rounds from 0. */
const firstBaitBuild = 1_000_000;
/** How long a crash is waited for before its file is sent all the same. */
const baitPatienceMs = 5_000;

/** Sixteen bytes of build id for each build of each run. */
function buildId(seed: number, build: number): Buffer {
  return createHash("sha256").update(`${seed} ${build}`).digest().subarray(0, 16);
}

export class Traffic {
  readonly #stack: ChaosStack;
  readonly #seed: number;
  readonly sent: Sent[] = [];
  readonly uploaded = new Set<number>();
  #baitBuilds = 0;
  /** Posts that were answered with something else than 200, or not at all, before they were accepted. */
  refusedAnswers = 0;
  /** Posts to the organization that may store nothing: all of them, and those that were told that all is well. */
  overQuota = { tried: 0, answered: 0 };

  constructor(stack: ChaosStack, seed: number) {
    this.#stack = stack;
    this.#seed = seed;
  }

  /**
   * Posts a crash again and again until it is accepted, as a patient sender does.
   * @param refused told of each answer other than 200
   * @param project the first one when not given
   * @throws after two minutes
   */
  async crash(build: number, good = true, refused: (answer: Answer) => void = () => undefined, project?: Project): Promise<void> {
    const sent: Sent = { eventId: randomUUID(), build, good, crashId: null };
    this.sent.push(sent);
    const bytes = this.#dumpOf(sent);
    const deadline = Date.now() + 120_000;
    for (;;) {
      const answer = await this.#post(this.#stack.minidumpUrl(project), bytes, sent.eventId);
      if (answer?.status === 200) {
        sent.crashId = answer.text;
        return;
      }
      this.refusedAnswers++;
      if (answer !== null) refused(answer);
      if (Date.now() > deadline) throw new Error(`crash ${sent.eventId} was not accepted within two minutes`);
      await sleep(250);
    }
  }

  /** Brings one more of what a trap waits for, to a project that nobody stands in the way of. */
  async bait(bait: Bait, project: Project): Promise<void> {
    const build = firstBaitBuild + this.#baitBuilds++;
    if (bait !== "import") await this.crash(build, true, undefined, project);
    if (bait === "crash") return;
    if (bait === "arrival") {
      const { eventId } = this.sent.findLast((sent) => sent.build === build) ?? {};
      await until("the crash waits for its file", baitPatienceMs, async () => {
        const waiting = await this.#stack.query("SELECT 1 FROM crashes WHERE event_id = $1 AND state = 'provisional'", [eventId]);
        return waiting.length > 0 ? true : null;
      }).catch(() => null);
    }
    await this.upload(build);
  }

  /** Posts once where nothing may be stored. */
  async dropped(): Promise<void> {
    this.overQuota.tried++;
    const answer = await this.#post(this.#stack.minidumpUrl(this.#stack.full), Buffer.from(dump), randomUUID());
    if (answer?.status === 200) this.overQuota.answered++;
  }

  /** The demo's dump as one of the build, made distinct; of a bad one the directory leads nowhere. */
  #dumpOf({ build, good, eventId }: Sent): Buffer<ArrayBuffer> {
    const bytes = Buffer.from(dump);
    buildId(this.#seed, build).copy(bytes, idAt);
    if (!good) bytes.fill(0xff, 8, 16);
    return Buffer.concat([bytes, Buffer.from(eventId)]);
  }

  /** @returns null when the connection broke */
  async #post(url: string, bytes: Buffer<ArrayBuffer>, eventId: string): Promise<Answer | null> {
    const form = new FormData();
    form.set("upload_file_minidump", new Blob([bytes]), "driftwood.dmp");
    form.set("sentry[event_id]", eventId);
    form.set("sentry[release]", "driftwood@chaos");
    form.set("log", new Blob(["a line of a log\n".repeat(200)]), "log.txt");
    try {
      const response = await fetch(url, { method: "POST", body: form, signal: AbortSignal.timeout(20_000) });
      return { status: response.status, text: await response.text() };
    } catch {
      return null;
    }
  }

  /** A sender that goes away in the middle of its body. */
  async abort(): Promise<void> {
    const { port, pathname, search } = new URL(this.#stack.minidumpUrl());
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), "127.0.0.1", () => {
        const head = `POST ${pathname}${search} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\nContent-Length: ${dump.length}\r\n\r\n`;
        socket.write(head);
        socket.write(dump.subarray(0, dump.length / 2), () => setTimeout(() => socket.destroy(), 50));
      });
      socket.on("error", () => undefined).on("close", () => resolve());
    });
  }

  /** As people do who find their upload rejected because the server lost it: sends those again. @returns how many */
  async uploadLostAgain(): Promise<number> {
    const lost = await this.#stack.query<{ name: string }>(
      `SELECT DISTINCT file_name AS name FROM debug_file_uploads u WHERE state = 'rejected' AND reason LIKE '%no longer stored%'
         AND NOT EXISTS (SELECT 1 FROM debug_file_uploads o WHERE o.file_name = u.file_name AND o.state <> 'rejected')`,
    );
    for (const { name } of lost) await this.upload(Number(/\d+/.exec(name)?.[0]));
    return lost.length;
  }

  /** Uploads the symbols of a build until they are taken. */
  async upload(build: number): Promise<void> {
    this.uploaded.add(build);
    const id = buildId(this.#seed, build);
    const hex = id.toString("hex").toUpperCase();
    const guid = `${hex.slice(6, 8)}${hex.slice(4, 6)}${hex.slice(2, 4)}${hex.slice(0, 2)}${hex.slice(10, 12)}${hex.slice(8, 10)}${hex.slice(14, 16)}${hex.slice(12, 14)}${hex.slice(16)}0`;
    const text = symbols
      .replace(/^(MODULE \S+ \S+ )\S+/, `$1${guid}`)
      .replace(/^INFO CODE_ID .*$/m, `INFO CODE_ID ${hex}${codeId.slice(32).toUpperCase()}`);
    const url = `${this.#stack.sendersUrl}/api/v1/organizations/demo/debug-files?name=driftwood-${build}.sym`;
    const deadline = Date.now() + 120_000;
    for (;;) {
      const headers = { authorization: `Bearer ${this.#stack.token}` };
      const taken = await fetch(url, { method: "POST", body: text, headers, signal: AbortSignal.timeout(20_000) }).then(
        async (answer) => {
          await answer.arrayBuffer();
          return answer.status === 201;
        },
        () => false,
      );
      if (taken) return;
      if (Date.now() > deadline) throw new Error(`symbols of build ${build} were not taken within two minutes`);
      await sleep(250);
    }
  }
}
