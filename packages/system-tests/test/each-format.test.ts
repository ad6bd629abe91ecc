/**
 * The whole road for each debug format: a real crash comes, waits, its files are uploaded with the command line tool as the toolchain wrote
 * them, and the same crash shows its names. What a right stack is, is in fixtures/formats/recipe.md.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { crashDetail, type ReportFrame, reportSchema } from "@salvage/contracts";
import { repositoryRoot } from "@salvage/launcher";
import yazl from "yazl";
import { type Installation, startInstallation, until } from "../src/installation.ts";

const formats = join(repositoryRoot, "fixtures/formats");
let salvage: Installation;
let folder: string;
before(async () => {
  salvage = await startInstallation();
  folder = await mkdtemp(join(tmpdir(), "salvage-formats-"));
});
after(async () => {
  await salvage.stop();
  await rm(folder, { recursive: true, force: true });
});

async function post(dump: string): Promise<string> {
  const form = new FormData();
  form.set("upload_file_minidump", new Blob([await readFile(join(formats, dump))]), "crash.dmp");
  const response = await fetch(`${salvage.publicUrl}/api/${salvage.projectId}/minidump/?sentry_key=${salvage.publicKey}`, {
    method: "POST",
    body: form,
  });
  const crashId = await response.text();
  assert.equal(response.status, 200, crashId);
  return crashId;
}

async function upload(...paths: string[]): Promise<string> {
  const args = ["upload", ...paths, "--url", salvage.publicUrl, "--org", salvage.orgSlug, "--token", salvage.token];
  const { stdout } = await promisify(execFile)(join(repositoryRoot, "salvage"), args, { cwd: repositoryRoot });
  return stdout;
}

/** The crash once its report has at least this revision. */
function crashAt(crashId: string, revision: number) {
  return until(`revision ${revision}`, 60_000, async () => {
    const { json } = await salvage.get(`/api/v1/crashes/${crashId}`);
    const crash = crashDetail.extend({ report: reportSchema.nullable() }).parse(json);
    return crash.revision >= revision && crash.state !== "processing" && crash.report !== null ? { ...crash, report: crash.report } : null;
  });
}

/** "walk walk.cpp:11": functions by their last word without parameters, inlined ones first. */
function steps(frames: readonly ReportFrame[] | undefined): string[] {
  const step = (name: string | null, file: string | null, line: number | null) =>
    name === null ? "?" : `${lastWord(name)}${file === null ? "" : ` ${file.split(/[/\\]/).at(-1)}:${line}`}`;
  return (frames ?? []).flatMap((frame) => [
    ...(frame.inlines ?? []).map((inline) => step(inline.function, inline.file, inline.line)),
    step(frame.function, frame.file, frame.line),
  ]);
}

function lastWord(name: string): string {
  return /(operator\(\)|\w+)(\(.*\)( const)?)?$/.exec(name)?.[1] ?? name;
}

const trueSteps = [
  "storeThrough crash.cpp:4",
  "crashHere crash.cpp:9",
  "walk walk.cpp:9",
  "walk walk.cpp:11",
  "walk walk.cpp:11",
  "visit emu.cpp:33",
  "operator() emu.cpp:49",
  "update emu.cpp:50",
  "emu_main emu.cpp:60",
];

test("Windows: the PDB brings names, then the exe exact callers", async () => {
  const crashId = await post("windows-x64/game.dmp");
  const first = await crashAt(crashId, 1);
  assert.equal(first.state, "provisional");
  assert.deepEqual(
    first.missing.filter((file) => file.own).map(({ needs }) => needs),
    ["both"],
  );
  assert.match(await upload(join(formats, "windows-x64/game.pdb")), /ready; 1 crashes waited/);
  const named = await crashAt(crashId, 2);
  assert.deepEqual(steps(named.report.crashing_thread?.frames).slice(0, 2), trueSteps.slice(0, 2));
  assert.equal(named.state, "provisional");
  assert.deepEqual(
    named.missing.filter((file) => file.own && file.state === "open").map(({ needs }) => needs),
    ["unwind"],
  );
  await upload(join(formats, "windows-x64/game.exe"));
  const walked = await crashAt(crashId, 3);
  assert.equal(walked.state, "complete");
  assert.deepEqual(steps(walked.report.crashing_thread?.frames), [...trueSteps, "?"]);
  assert.ok(walked.report.crashing_thread?.frames.slice(1).every((frame) => frame.trust === "cfi"));
});

test("macOS: a folder with the binary and its dSYM", async () => {
  const crashId = await post("macos-arm64/game.dmp");
  assert.equal((await crashAt(crashId, 1)).state, "provisional");
  const printed = await upload(join(formats, "macos-arm64"));
  assert.match(printed, /lines\+inlines/);
  const complete = await until("complete", 60_000, async () => {
    const crash = await crashAt(crashId, 2);
    return crash.state === "complete" ? crash : null;
  });
  assert.deepEqual(steps(complete.report.crashing_thread?.frames).slice(0, trueSteps.length - 3), trueSteps.slice(0, -3));
  assert.equal(steps(complete.report.crashing_thread?.frames)[trueSteps.length - 1], trueSteps.at(-1));
});

test("Linux: the split debug file for names, the stripped binary for unwinding", async () => {
  const crashId = await post("linux-x64/app.dmp");
  assert.equal((await crashAt(crashId, 1)).state, "provisional");
  await upload(join(formats, "linux-x64/app.debug"), join(formats, "linux-x64/app.stripped"));
  const complete = await until("complete", 60_000, async () => {
    const crash = await crashAt(crashId, 2);
    return crash.state === "complete" ? crash : null;
  });
  const found = steps(complete.report.crashing_thread?.frames);
  assert.deepEqual(found.slice(0, 3), ["storeThrough crash.cpp:4", "crashHere crash.cpp:9", "walk walk.cpp:9"]);
  assert.ok(
    found.some((step) => step.startsWith("main ")),
    found.join(", "),
  );
});

test("Android: the zip that App Center asked for", async () => {
  const crashId = await post("android-arm64/app.dmp");
  assert.equal((await crashAt(crashId, 1)).state, "provisional");
  const path = join(folder, "symbols.zip");
  const zip = new yazl.ZipFile();
  zip.addFile(join(formats, "android-arm64/libapp.so"), "local/arm64-v8a/libapp.so");
  zip.addBuffer(Buffer.from("built by our build"), "local/notes.txt");
  zip.end();
  await finished(zip.outputStream.pipe(createWriteStream(path)));
  const printed = await upload(path);
  assert.match(printed, /libapp\.so {2}ready; 1 crashes waited/);
  assert.match(printed, /notes\.txt {2}rejected/);
  const complete = await until("complete", 60_000, async () => {
    const crash = await crashAt(crashId, 2);
    return crash.state === "complete" ? crash : null;
  });
  const found = complete.report.threads.flatMap((thread) => steps(thread.frames));
  assert.ok(found.includes("main linuxmain.cpp:33") && found.includes("worker linuxmain.cpp:21"), found.join(", "));
});
