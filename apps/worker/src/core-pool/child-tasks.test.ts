/** The tasks of a child over real files: a sealed dump, a symcache built from text, a zip archive. */
import assert from "node:assert/strict";
import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finished } from "node:stream/promises";
import { after, before, describe, test } from "node:test";
import { gunzipSync } from "node:zlib";
import { createDataKey, sealStream } from "@salvage/blobs";
import { reportSchema } from "@salvage/contracts";
import yazl from "yazl";
import { debugIdOf, sampleBuildId, sampleDump, sampleSymbols } from "../../test/fixtures.ts";
import { runTask } from "./child-tasks.ts";
import type { DumpInput, ReportOutput, TaskName, Tasks } from "./tasks.ts";

/** The output, or a failed test. */
async function done<K extends TaskName>(task: K, input: Tasks[K]["input"]): Promise<Tasks[K]["output"]> {
  const answer = await runTask(task, input);
  assert.equal(answer.outcome, "done", JSON.stringify(answer));
  assert.ok(answer.outcome === "done");
  return answer.output;
}

const reportOf = ({ gzip }: ReportOutput) => reportSchema.parse(JSON.parse(gunzipSync(gzip).toString()));

describe("tasks of a child", () => {
  let folder: string;
  let dump: DumpInput;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "salvage-test-"));
    dump = await seal("dump", sampleDump());
  });
  after(() => rm(folder, { recursive: true, force: true }));

  async function seal(name: string, bytes: Uint8Array): Promise<DumpInput> {
    const dataKey = createDataKey();
    const context = { organizationId: "o", projectId: "1", crashId: name, part: "dump" };
    const path = join(folder, name);
    await writeFile(path, sealStream([bytes], dataKey, context));
    return { path, dataKey, context };
  }

  async function convert(name: string, bytes: Uint8Array) {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return done("convert", { path, outPath: `${path}.symcache` });
  }

  test("without symbols: the program is touched, own and lacks both parts", async () => {
    const outline = await done("inspect", { dump });
    assert.equal(outline.mainModule, 0);
    assert.deepEqual(
      outline.modules.map(({ codeFile, touched }) => [codeFile, touched]),
      [
        ["/opt/app/app", true],
        ["/usr/lib/libc.so.6", false],
      ],
    );
    const output = await done("process", { dump, images: [], own: [true, false] });
    assert.deepEqual(output.summary.lacking, [
      {
        index: 0,
        codeFile: "/opt/app/app",
        debugFile: output.summary.lacking[0]?.debugFile,
        debugId: debugIdOf(sampleBuildId),
        codeId: sampleBuildId,
        needs: "both",
        own: true,
        sampleFrame: "app + 0x1010",
      },
    ]);
    assert.equal(output.summary.groupingProvisional, true);
    assert.equal(reportOf(output).modules[0]?.own, true);
  });

  test("with symbols the stack is walked by rules, and names are found", async () => {
    const converted = await convert("app.sym", sampleSymbols());
    assert.deepEqual(
      [converted.kind, converted.debugId, converted.symcache?.names, converted.symcache?.unwind],
      ["breakpad", debugIdOf(sampleBuildId), true, true],
    );
    const file = join(folder, "app.sym.symcache");
    assert.equal((await readFile(file)).length, converted.symcache?.sizeBytes);
    const output = await done("process", { dump, images: [{ index: 0, names: file, unwind: file }], own: [true, false] });
    const frames = reportOf(output).crashing_thread?.frames ?? [];
    assert.deepEqual(
      frames.map(({ function: name, line, trust }) => [name, line, trust]),
      [
        ["crash_here", 42, "context"],
        ["main", 7, "cfi"],
      ],
    );
    assert.deepEqual(output.summary.lacking, []);
  });

  test("names are put on a stored report without the dump", async () => {
    const file = join(folder, "app.sym.symcache");
    const first = await done("process", { dump, images: [], own: [true, false] });
    assert.equal((await done("outlineReport", { gzip: first.gzip })).modules[0]?.touched, true);
    const named = await done("applyNames", { gzip: first.gzip, images: [{ index: 0, names: file, unwind: null }], own: [true, false] });
    assert.equal(reportOf(named).crashing_thread?.frames[0]?.function, "crash_here");
  });

  test("a lookup file that is gone or damaged is a status, not a failure", async () => {
    const bad = join(folder, "bad.symcache");
    await writeFile(bad, "nonsense");
    const output = await done("process", { dump, images: [{ index: 0, names: bad, unwind: join(folder, "gone") }], own: [true, false] });
    const module = reportOf(output).modules[0];
    assert.equal(module?.names_status, "malformed");
    assert.equal(module?.unwind_status, "missing");
  });

  test("what is no minidump, is damaged at rest, or is gone, is bad input", async () => {
    const text = await runTask("inspect", { dump: await seal("text", Buffer.from("hello")) });
    assert.equal(text.outcome, "bad input");
    const cut = await seal("cut", sampleDump());
    await writeFile(cut.path, (await readFile(cut.path)).subarray(0, 900));
    const broken = await runTask("inspect", { dump: cut });
    assert.ok(broken.outcome === "bad input" && /sealed blob/.test(broken.reason), JSON.stringify(broken));
    const gone = await runTask("inspect", { dump: { ...dump, path: join(folder, "nowhere") } });
    assert.ok(gone.outcome === "bad input" && /gone/.test(gone.reason));
  });

  test("a file that is no debug file says so with its place", async () => {
    const path = join(folder, "readme.txt");
    await writeFile(path, "just text, long enough to be looked at");
    const answer = await runTask("convert", { path, outPath: `${path}.out` });
    assert.ok(answer.outcome === "bad input" && answer.offset !== undefined, JSON.stringify(answer));
  });

  test("zip archives are listed and unpacked; what is none, or is broken, is told apart", async () => {
    const path = join(folder, "all.zip");
    const zip = new yazl.ZipFile();
    zip.addBuffer(Buffer.from(sampleSymbols()), "syms/app.sym");
    zip.addEmptyDirectory("empty");
    zip.addBuffer(Buffer.from("text"), "notes.txt");
    zip.end();
    await finished(zip.outputStream.pipe(createWriteStream(path)));
    const members = await done("listArchive", { path });
    assert.deepEqual(
      members?.map(({ name }) => name),
      ["syms/app.sym", "notes.txt"],
    );
    const first = members?.[0];
    assert.ok(first);
    const outPath = join(folder, "member");
    const [unpacked] = await done("extract", { path, members: [{ index: first.index, outPath }] });
    assert.equal(unpacked?.sizeBytes, sampleSymbols().length);
    assert.deepEqual(await readFile(outPath), Buffer.from(sampleSymbols()));
    assert.equal(await done("listArchive", { path: outPath }), null);
    await writeFile(path, (await readFile(path)).subarray(0, 60));
    assert.equal((await runTask("listArchive", { path })).outcome, "bad input");
  });

  test("a member that unpacks to a thousand times its size is refused", async () => {
    const path = join(folder, "bomb.zip");
    const zip = new yazl.ZipFile();
    zip.addBuffer(Buffer.alloc(64 * 1024 * 1024), "zeros");
    zip.end();
    await finished(zip.outputStream.pipe(createWriteStream(path)));
    const answer = await runTask("extract", { path, members: [{ index: 0, outPath: join(folder, "zeros") }] });
    assert.ok(answer.outcome === "bad input" && /1000 times/.test(answer.reason), JSON.stringify(answer));
  });
});
