/**
 * The first minutes, played for real over HTTP: symbols of the demo program's first release are uploaded, its crash is posted and
 * waited for; a crash of the second release is posted without symbols, so that Processing Issues has something to show.
 */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { crashDetail, reportSchema, uploadView } from "@salvage/contracts";
import { z } from "zod";
import { repositoryRoot } from "./env.ts";
import { StartError } from "./errors.ts";

export const demoFiles = {
  dump: "fixtures/demo-crash/driftwood-1.0.dmp",
  symbols: "fixtures/demo-crash/driftwood-1.0.sym",
  secondDump: "fixtures/demo-crash/driftwood-1.1.dmp",
  secondSymbols: "fixtures/demo-crash/driftwood-1.1.sym",
} as const;

export type DemoTarget = { publicUrl: string; orgSlug: string; projectId: string; publicKey: string; token: string };

/** A frame as printed: innermost first, inline frames as lines of their own. */
export type DemoFrame = { function: string; place: string; trust: string };
export type DemoCrash = { crashId: string; state: string; title: string; reason: string; frames: DemoFrame[]; missing: string[] };

const crashAnswer = crashDetail.extend({ report: reportSchema.nullable() });
type CrashAnswer = z.infer<typeof crashAnswer>;

const pollMs = 100;
const patienceMs = 60_000;
const shownFrames = 6;

/** Uploads a debug file and waits until it is imported. */
export async function uploadDemoSymbols(target: DemoTarget, path: string): Promise<void> {
  const url = `${target.publicUrl}/api/v1/organizations/${target.orgSlug}/debug-files?name=${encodeURIComponent(basename(path))}`;
  const response = await fetch(url, {
    method: "POST",
    headers: { authorization: `Bearer ${target.token}`, "content-type": "application/octet-stream" },
    body: await readFile(join(repositoryRoot, path)),
  });
  const { uploadId } = z.object({ uploadId: z.string() }).parse(await expectJson(response, 201, "upload of the demo's symbols"));
  await until(`${target.publicUrl}/api/v1/uploads/${uploadId}`, target.token, (answer) => {
    const upload = uploadView.parse(answer);
    if (upload.state === "rejected") throw new StartError(`The demo's symbols were rejected: ${upload.reason ?? "no reason given"}.`);
    return upload.state === "ready" ? upload : null;
  });
}

/** Posts a minidump as a crash reporter does. @returns the crash id */
export async function postDemoCrash(target: DemoTarget, path: string, release: string): Promise<string> {
  const form = new FormData();
  form.set("upload_file_minidump", new Blob([await readFile(join(repositoryRoot, path))]), basename(path));
  form.set("sentry[release]", release);
  form.set("sentry[environment]", "demo");
  form.set("sentry[tags][quest]", "the harbour");
  const response = await fetch(minidumpUrl(target), { method: "POST", body: form });
  const text = await response.text();
  if (response.status !== 200) throw new StartError(`The demo crash was refused with status ${response.status}: ${text.slice(0, 200)}`);
  return text.trim();
}

/** Waits for a crash's report. */
export async function awaitDemoReport(target: DemoTarget, crashId: string): Promise<DemoCrash> {
  const answer = await until(`${target.publicUrl}/api/v1/crashes/${crashId}`, target.token, (json) => {
    const crash = crashAnswer.parse(json);
    if (crash.state === "rejected") throw new StartError(`The demo crash was rejected: ${crash.rejection?.reason ?? "no reason given"}.`);
    return crash.report !== null && (crash.state === "complete" || crash.state === "provisional") ? crash : null;
  });
  return describe(answer);
}

export function minidumpUrl(target: { publicUrl: string; projectId: string; publicKey: string }): string {
  return `${target.publicUrl}/api/${target.projectId}/minidump/?sentry_key=${target.publicKey}`;
}

function describe(crash: CrashAnswer): DemoCrash {
  const report = crash.report;
  const frames: DemoFrame[] = [];
  for (const frame of report?.crashing_thread?.frames ?? []) {
    for (const inline of frame.inlines ?? [])
      frames.push({ function: inline.function ?? "?", place: place(inline.file, inline.line), trust: "inline" });
    const name = frame.function ?? (frame.module === null ? frame.offset : `${frame.module} + ${frame.module_offset}`);
    frames.push({ function: name, place: place(frame.file, frame.line), trust: frame.trust });
  }
  const thread = report?.crashing_thread?.thread_name;
  const info = report?.crash_info;
  return {
    crashId: crash.id,
    state: crash.state,
    title: report?.signature.title ?? "",
    reason: `${info?.type ?? "unknown reason"}${info?.address == null ? "" : ` at 0x${BigInt(info.address).toString(16)}`}${thread == null ? "" : `, thread ${thread}`}`,
    frames: frames.slice(0, shownFrames),
    missing: crash.missing.filter((file) => file.own && file.state === "open").map((file) => file.name),
  };
}

function place(file: string | null, line: number | null): string {
  if (file === null) return "";
  return line === null ? basename(file) : `${basename(file)}:${line}`;
}

async function until<T>(url: string, token: string, decide: (json: unknown) => T | null): Promise<T> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const done = decide(await expectJson(response, 200, url));
    if (done !== null) return done;
    if (Date.now() > deadline) throw new StartError(`No result after ${patienceMs / 1000} s from ${url}: see the worker's log.`);
    await sleep(pollMs);
  }
}

async function expectJson(response: Response, status: number, what: string): Promise<unknown> {
  const text = await response.text();
  if (response.status !== status) throw new StartError(`Unexpected answer ${response.status} to ${what}: ${text.slice(0, 300)}`);
  return JSON.parse(text);
}
