/**
 * `salvage upload`: sends the debug files in folders and archives to a server, several at a time, and prints the verdict on each. What the
 * organization sent before is not sent again; a large file goes up in chunks, of which a second call sends only those that are missing.
 * Progress on standard error, verdicts on standard output.
 */
import { basename } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { heldView, maxAsked, type UploadView, uploadView } from "@salvage/contracts";
import { CliError } from "../cli-error.ts";
import { Progress } from "../progress.ts";
import { chooseFiles, type FileToSend } from "../server/choose-files.ts";
import { ApiClient, Refused } from "../server/client.ts";
import { type FileHashes, hashFile } from "../server/hash-file.ts";
import { inParallel } from "../server/parallel.ts";
import { chunkBytesOf, minChunkedBytes, sendChunks, sendWhole } from "../server/send-file.ts";
import { findTarget, type ServerOptions } from "../server/target.ts";
import { printRefused, printVerdicts, type VerdictCounts } from "../server/verdicts.ts";

export type UploadOptions = ServerOptions & {
  project?: string;
  json?: boolean;
  compress?: boolean;
  parallel?: number;
  wait?: boolean;
  /** Seconds. */
  waitFor?: number;
};

const defaultParallel = 4;
const defaultWaitSeconds = 300;
const pollMs = 300;
/** The server answers an upload at once and converts afterwards; a very large file may take minutes. */
const patienceMs = 15 * 60_000;

/** `held`: the upload by which the organization has it already. */
type PlannedFile = FileToSend & FileHashes & { held: string | null };

/** Exit code 1 when a debug file was refused or there was none, 4 when the crashes were not upgraded in the time of --wait. */
export async function upload(paths: readonly string[], options: UploadOptions): Promise<void> {
  const client = new ApiClient({ ...findTarget(options), patient: true });
  const { files, passedOver } = await chooseFiles(paths);
  if (files.length === 0)
    throw new CliError(`there is no debug file in ${paths.join(", ")}${passedOver > 0 ? ` (${passedOver} other files passed over)` : ""}.`);
  const run = new UploadRun(client, options, files);
  await run.send();
  if (passedOver > 0) process.stderr.write(`${passedOver} files that are no debug files were passed over.\n`);
  if (options.wait === true || options.waitFor !== undefined) await run.waitForCrashes(options.waitFor ?? defaultWaitSeconds);
  run.summarize();
}

class UploadRun {
  readonly #client: ApiClient;
  readonly #options: UploadOptions;
  readonly #files: readonly FileToSend[];
  readonly #counts: VerdictCounts = { ready: 0, alreadyThere: 0, refused: 0, others: 0 };
  /** Uploads for whose files crashes may wait. */
  readonly #uploads = new Set<string>();
  #upgraded = 0;

  constructor(client: ApiClient, options: UploadOptions, files: readonly FileToSend[]) {
    this.#client = client;
    this.#options = options;
    this.#files = files;
  }

  async send(): Promise<void> {
    const planned = await this.#plan();
    const progress = new Progress("sent", bytesOf(planned.filter(({ held }) => held === null)));
    let sentBytes = 0;
    let begun = 0;
    await inParallel(planned, this.#options.parallel ?? defaultParallel, async (file) => {
      begun++;
      if (file.held === null) {
        progress.end();
        process.stderr.write(`[${begun}/${planned.length}] ${file.path} (${sizeInWords(file.sizeBytes)})\n`);
      }
      const view = await this.#takeIn(file, (more) => {
        sentBytes += more;
        progress.update(sentBytes);
      });
      progress.end();
      const json = this.#options.json === true;
      if (view instanceof Refused) {
        this.#count(printRefused(file.path, view.message, json));
        return;
      }
      this.#count(printVerdicts(file.path, view, json, file.held !== null));
      // What the server had before may have upgraded its crashes long ago.
      if (file.held === null || view.upgraded.done < view.upgraded.total) this.#uploads.add(view.id);
    });
    progress.end();
  }

  /** Waits until every crash that waited for one of the files has its better report. Throws CliError (4) when that takes too long. */
  async waitForCrashes(seconds: number): Promise<void> {
    const until = Date.now() + seconds * 1000;
    for (const uploadId of this.#uploads) {
      for (;;) {
        const { upgraded } = await this.#view(uploadId);
        if (upgraded.done >= upgraded.total) {
          this.#upgraded += upgraded.done;
          break;
        }
        if (Date.now() > until)
          throw new CliError(
            `${upgraded.total - upgraded.done} crashes are still to be upgraded after ${seconds} s; the server goes on.`,
            4,
          );
        await sleep(pollMs);
      }
    }
  }

  summarize(): void {
    const { ready, alreadyThere, refused, others } = this.#counts;
    const crashes = this.#upgraded > 0 ? `; ${this.#upgraded} crashes upgraded` : "";
    process.stderr.write(
      `${ready} ready, ${alreadyThere} already there, ${refused} refused${others > 0 ? `, ${others} beside them no debug files` : ""}${crashes}.\n`,
    );
    if (ready + alreadyThere === 0) throw new CliError("nothing of this was usable.");
    if (refused > 0) process.exitCode = 1;
  }

  /** Hashes every file and asks which the organization sent before. */
  async #plan(): Promise<PlannedFile[]> {
    const hasLarge = this.#files.some(({ sizeBytes }) => sizeBytes >= minChunkedBytes);
    const chunkBytes = hasLarge ? await chunkBytesOf(this.#client) : null;
    const progress = new Progress("looked at", bytesOf(this.#files));
    let readBytes = 0;
    const planned: PlannedFile[] = [];
    for (const file of this.#files) {
      const hashes = await hashFile(file.path, file.sizeBytes >= minChunkedBytes ? chunkBytes : null, (more) => {
        readBytes += more;
        progress.update(readBytes);
      });
      planned.push({ ...file, ...hashes, held: null });
    }
    progress.end();
    const path = await this.#client.ofOrganization("/debug-files/held");
    for (let from = 0; from < planned.length; from += maxAsked) {
      const batch = planned.slice(from, from + maxAsked);
      const files = batch.map(({ path: name, sha256 }) => ({ sha256, name: basename(name) }));
      const answer = await this.#client.json(path, heldView, { body: { files } });
      for (const { index, uploadId } of answer.held) {
        const file = batch[index];
        if (file !== undefined) file.held = uploadId;
      }
    }
    return planned;
  }

  /** Sends a file where it has to be, and waits for the verdict. A file that is too large ends nothing: the others may fit. */
  async #takeIn(file: PlannedFile, onBytes: (bytes: number) => void): Promise<UploadView | Refused> {
    try {
      return await this.#verdict(file.held ?? (await this.#sendFile(file, onBytes)));
    } catch (error) {
      if (error instanceof Refused && error.status === 413) return error;
      throw error;
    }
  }

  #sendFile(file: PlannedFile, onBytes: (bytes: number) => void): Promise<string> {
    const options = { project: this.#options.project ?? null, compress: this.#options.compress === true, onBytes };
    return file.chunked === null ? sendWhole(this.#client, file, options) : sendChunks(this.#client, file, file.chunked, options);
  }

  async #verdict(uploadId: string): Promise<UploadView> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const view = await this.#view(uploadId);
      if (view.state === "ready" || view.state === "rejected") return view;
      if (Date.now() > deadline)
        throw new CliError(`the server has not finished with ${view.fileName} after ${patienceMs / 60_000} minutes; it goes on.`, 4);
      await sleep(pollMs);
    }
  }

  #view(uploadId: string): Promise<UploadView> {
    return this.#client.json(`/api/v1/uploads/${uploadId}`, uploadView);
  }

  #count(counts: VerdictCounts): void {
    this.#counts.ready += counts.ready;
    this.#counts.alreadyThere += counts.alreadyThere;
    this.#counts.refused += counts.refused;
    this.#counts.others += counts.others;
  }
}

const bytesOf = (files: readonly FileToSend[]) => files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

function sizeInWords(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(0)} KiB`;
  return bytes < 1024 ** 3 ? `${(bytes / 1024 ** 2).toFixed(1)} MiB` : `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
}
