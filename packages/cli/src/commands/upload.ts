/**
 * `salvage upload`: sends debug files to a server and waits for the verdict on each. Folders are walked and files that are no debug files
 * passed over; archives are sent as they are, the server looks inside. Progress on standard error, verdicts on standard output.
 */
import { createReadStream, statSync } from "node:fs";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { archiveKind } from "@salvage/archives";
import { type UploadVerdict, type UploadView, uploadView } from "@salvage/contracts";
import { FormatError, identifyObject } from "@salvage/core";
import { CliError } from "../cli-error.ts";
import { FileSource } from "../file-source.ts";
import { walkFiles } from "../walk.ts";

export type UploadOptions = { url?: string; org?: string; token?: string; project?: string; json?: boolean };
type Target = { url: string; org: string; token: string; project: string | null };
type FileToSend = { path: string; sizeBytes: number };

const pollMs = 300;
/** The server answers an upload at once and converts afterwards; a very large file may take minutes. */
const patienceMs = 15 * 60_000;

/** Exit code 1 when no file was usable. */
export async function upload(paths: readonly string[], options: UploadOptions): Promise<void> {
  const target = readTarget(options);
  const { files, passedOver } = await chooseFiles(paths);
  if (files.length === 0) {
    throw new CliError(`there is no debug file in ${paths.join(", ")}${passedOver > 0 ? ` (${passedOver} other files passed over)` : ""}.`);
  }
  let usable = 0;
  for (const [index, file] of files.entries()) {
    process.stderr.write(`[${index + 1}/${files.length}] ${file.path} (${size(file.sizeBytes)})\n`);
    const view = await send(target, file);
    usable += printVerdicts(file, view, options.json === true);
  }
  if (passedOver > 0) process.stderr.write(`${passedOver} files that are no debug files were passed over.\n`);
  if (usable === 0) throw new CliError("nothing of this was usable.");
}

function readTarget(options: UploadOptions): Target {
  const need = (value: string | undefined, name: string, variable: string) => {
    const found = value ?? process.env[variable];
    if (found === undefined || found === "") throw new CliError(`--${name} is missing (or set ${variable}).`, 2);
    return found;
  };
  const url = need(options.url, "url", "SALVAGE_URL").replace(/\/+$/, "");
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) throw new CliError(`--url must be an http or https address, not "${url}".`, 2);
  return {
    url,
    org: need(options.org, "org", "SALVAGE_ORG"),
    token: need(options.token, "token", "SALVAGE_TOKEN"),
    project: options.project ?? null,
  };
}

async function chooseFiles(paths: readonly string[]): Promise<{ files: FileToSend[]; passedOver: number }> {
  const files: FileToSend[] = [];
  let passedOver = 0;
  for (const path of paths) {
    const named = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
    for (const file of walkFiles(path)) {
      // A file that was named is sent whatever it is: the server's answer is better than silence.
      if (named || (await looksUsable(file))) files.push({ path: file, sizeBytes: statSync(file).size });
      else passedOver++;
    }
  }
  return { files, passedOver };
}

/** A debug file, or an archive: that is looked into by the server. */
async function looksUsable(path: string): Promise<boolean> {
  if ((await archiveKind(path)) !== null) return true;
  const source = new FileSource(path);
  try {
    identifyObject(source);
    return true;
  } catch (error) {
    if (error instanceof FormatError) return false;
    throw error;
  } finally {
    source.close();
  }
}

async function send(target: Target, file: FileToSend): Promise<UploadView> {
  const query = new URLSearchParams({ name: basename(file.path), ...(target.project === null ? {} : { project: target.project }) });
  const url = `${target.url}/api/v1/organizations/${encodeURIComponent(target.org)}/debug-files?${query}`;
  const progress = createProgress(file.sizeBytes);
  const body = Readable.toWeb(createReadStream(file.path).on("data", (chunk) => progress.add(chunk.length)));
  const init: RequestInit & { duplex: "half" } = {
    method: "POST",
    headers: {
      authorization: `Bearer ${target.token}`,
      "content-type": "application/octet-stream",
      "content-length": String(file.sizeBytes),
    },
    body: body as unknown as ReadableStream,
    duplex: "half",
    redirect: "error",
  };
  const response = await request(url, init).finally(progress.end);
  const answer: unknown = await readJson(response);
  if (response.status !== 201) throw refusal(response.status, answer, target);
  const uploadId = (answer as { uploadId?: unknown }).uploadId;
  if (typeof uploadId !== "string") throw new CliError(`${target.url} is no Salvage server: its answer names no upload.`);
  return await verdict(target, uploadId);
}

async function verdict(target: Target, uploadId: string): Promise<UploadView> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const response = await request(`${target.url}/api/v1/uploads/${uploadId}`, { headers: { authorization: `Bearer ${target.token}` } });
    const answer = await readJson(response);
    if (response.status !== 200) throw refusal(response.status, answer, target);
    const view = uploadView.parse(answer);
    if (view.state === "ready" || view.state === "rejected") return view;
    if (Date.now() > deadline)
      throw new CliError(
        `the server has not finished with ${view.fileName} after ${patienceMs / 60_000} minutes; it goes on, see Debug files.`,
      );
    await sleep(pollMs);
  }
}

/** @returns how many files of the upload are usable. */
function printVerdicts(file: FileToSend, view: UploadView, json: boolean): number {
  let usable = 0;
  const verdicts = view.verdicts.length > 0 ? view.verdicts : [];
  for (const verdict of verdicts) {
    if (verdict.state !== "rejected") usable++;
    if (json) {
      process.stdout.write(`${JSON.stringify({ file: file.path, ...verdict })}\n`);
      continue;
    }
    process.stdout.write(`${verdictLines(verdict).join("\n")}\n`);
  }
  if (verdicts.length === 0) {
    if (json) process.stdout.write(`${JSON.stringify({ file: file.path, state: view.state, reason: view.reason })}\n`);
    else process.stdout.write(`  ${view.fileName}  ${view.state}${view.reason === null ? "" : `: ${view.reason}`}\n`);
    if (view.state === "ready") usable++;
  }
  return usable;
}

/** "game.pdb  ready  [pdb  1E9E…0  amd64  symbols+lines]", and what it lacks. */
function verdictLines({
  name,
  state,
  kind,
  debugId,
  codeId,
  cpu,
  features,
  lacks,
  reason,
  offset,
  waitingCrashes,
}: UploadVerdict): string[] {
  if (state === "rejected") {
    return [`  ${name}  rejected: ${reason ?? "no reason given"}${offset === null ? "" : ` (at offset 0x${offset.toString(16)})`}`];
  }
  const waiting = waitingCrashes > 0 ? `; ${waitingCrashes} crashes waited for it and are being upgraded` : "";
  const about = [kind, debugId ?? codeId, cpu, features.join("+")].filter(Boolean).join("  ");
  const words = state === "ready" ? `ready${waiting}` : "already there";
  return [`  ${name}  ${words}${about === "" ? "" : `  [${about}]`}`, ...lacks.map((what) => `    lacks ${what}`)];
}

async function request(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new CliError(`${new URL(url).origin} could not be reached: ${cause || "connection failed"}.`);
  }
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    return { detail: text.slice(0, 200) };
  }
}

function refusal(status: number, answer: unknown, target: Target): CliError {
  const detail = typeof answer === "object" && answer !== null && "detail" in answer ? String(answer.detail) : "";
  if (status === 401) return new CliError("the server does not accept this token: make a new one under Organization, API tokens.");
  if (status === 403)
    return new CliError(
      `this token may not upload debug files: it needs the scope debug-file:write.${detail === "" ? "" : ` (${detail})`}`,
    );
  if (status === 404) {
    const what = target.project === null ? "" : ` or no project "${target.project}" in it`;
    return new CliError(`there is no organization "${target.org}"${what} for this token on ${target.url}.`);
  }
  return new CliError(`the server answered ${status}${detail === "" ? "" : `: ${detail}`}.`);
}

/** A percentage that rewrites its line on a terminal, and says nothing elsewhere. */
function createProgress(totalBytes: number): { add(bytes: number): void; end(): void } {
  if (!process.stderr.isTTY) return { add: () => undefined, end: () => undefined };
  let sent = 0;
  let shown = -1;
  return {
    add(bytes) {
      sent += bytes;
      const percent = totalBytes === 0 ? 100 : Math.floor((sent / totalBytes) * 100);
      if (percent === shown) return;
      shown = percent;
      process.stderr.write(`\r  sent ${percent} %`);
    },
    end: () => process.stderr.write("\r\u001b[K"),
  };
}

function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 ** 2) return `${(bytes / 1024).toFixed(0)} KiB`;
  return bytes < 1024 ** 3 ? `${(bytes / 1024 ** 2).toFixed(1)} MiB` : `${(bytes / 1024 ** 3).toFixed(2)} GiB`;
}
