/** The tasks of a child over real files: a sealed dump, a lookup file built from text, the debug file itself, an archive, a universal binary. */
import assert from "node:assert/strict";
import { createWriteStream, existsSync } from "node:fs";
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
    return done("convert", { path, name, outPath: `${path}.symcache`, scratchDir: folder, companions: [] });
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
    const { kind, debugId, convertible } = await done("identify", { path: join(folder, "app.sym") });
    assert.deepEqual([kind, debugId, convertible], ["breakpad", debugIdOf(sampleBuildId), true]);
    assert.deepEqual(converted.features, ["symbols", "lines", "unwind"]);
    const path = join(folder, "app.sym.symcache");
    assert.equal((await readFile(path)).length, converted.sizeBytes);
    const output = await done("process", { dump, images: [{ index: 0, files: [{ path, readFrom: "symcache" }] }], own: [true, false] });
    const frames = reportOf(output).crashing_thread?.frames ?? [];
    assert.deepEqual(
      frames.map(({ function: name, line, trust }) => [name, line, trust]),
      [
        ["crash_here", 42, "context"],
        ["main", 7, "cfi"],
      ],
    );
    assert.deepEqual(output.summary.lacking, []);
    const direct = { path: join(folder, "app.sym"), readFrom: "debug file" as const };
    const read = await done("process", { dump, images: [{ index: 0, files: [direct] }], own: [true, false] });
    assert.deepEqual(read.gzip, output.gzip, "the debug file itself gives the same report");
  });

  test("an older file serves where the newest is damaged", async () => {
    const bad = join(folder, "newest.symcache");
    await writeFile(bad, "nonsense");
    const files = [join(folder, "app.sym.symcache"), bad].map((path) => ({ path, readFrom: "symcache" as const }));
    const output = await done("process", { dump, images: [{ index: 0, files }], own: [true, false] });
    assert.equal(reportOf(output).crashing_thread?.frames[1]?.function, "main");
  });

  test("names are put on a stored report without the dump", async () => {
    const files = [{ path: join(folder, "app.sym.symcache"), readFrom: "symcache" as const }];
    const first = await done("process", { dump, images: [], own: [true, false] });
    assert.equal((await done("outlineReport", { gzip: first.gzip })).modules[0]?.touched, true);
    const named = await done("applyNames", { gzip: first.gzip, images: [{ index: 0, files }], own: [true, false] });
    assert.equal(reportOf(named).crashing_thread?.frames[0]?.function, "crash_here");
  });

  test("a lookup file that is gone or damaged is a status, not a failure", async () => {
    const bad = join(folder, "bad.symcache");
    await writeFile(bad, "nonsense");
    const statuses = async (path: string) => {
      const output = await done("process", { dump, images: [{ index: 0, files: [{ path, readFrom: "symcache" }] }], own: [true, false] });
      const module = reportOf(output).modules[0];
      return [module?.names_status, module?.unwind_status];
    };
    assert.deepEqual(await statuses(bad), ["malformed", "malformed"]);
    assert.deepEqual(await statuses(join(folder, "gone")), ["missing", "missing"]);
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
    for (const answer of [
      await runTask("identify", { path }),
      await runTask("convert", { path, name: "readme.txt", outPath: `${path}.out`, scratchDir: folder, companions: [] }),
    ])
      assert.ok(answer.outcome === "bad input" && answer.offset !== undefined, JSON.stringify(answer));
    assert.equal(existsSync(`${path}.out`), false, "nothing half-written stays");
  });

  test("archives and universal binaries are unpacked; what is none is told apart", async () => {
    const path = join(folder, "all.zip");
    const zip = new yazl.ZipFile();
    zip.addBuffer(Buffer.from(sampleSymbols()), "syms/app.sym");
    zip.addBuffer(Buffer.from("text"), "notes.txt");
    zip.end();
    await finished(zip.outputStream.pipe(createWriteStream(path)));
    const out = await mkdtemp(join(folder, "out-"));
    const options = { folder: out, from: 0, maxMembers: 10, maxBytes: 1e9, maxMemberBytes: 1e9 };
    const unpacked = await done("unpack", { path, name: "all.zip", ...options });
    assert.equal(unpacked?.kind, "zip");
    assert.deepEqual(
      unpacked?.members.map(({ name }) => name),
      ["syms/app.sym", "notes.txt"],
    );
    const [first] = unpacked?.members ?? [];
    assert.deepEqual(await readFile(first?.path ?? ""), Buffer.from(sampleSymbols()));
    assert.equal(await done("unpack", { path: first?.path ?? "", name: "app.sym", ...options }), null);

    const fat = join(folder, "fat");
    await writeFile(fat, universalBinary());
    const slices = await done("unpack", { path: fat, name: "game", ...options });
    assert.deepEqual(
      slices?.members.map(({ name, sizeBytes }) => [name, sizeBytes]),
      [
        ["game (amd64)", 32],
        ["game (arm64)", 32],
      ],
    );
    assert.notEqual(slices?.members[0]?.sha256, slices?.members[1]?.sha256);
  });
});

/** Two empty images, x86-64 and arm64, in one file. */
function universalBinary(): Uint8Array {
  const file = Buffer.alloc(128);
  file.writeUInt32BE(0xcafebabe, 0);
  file.writeUInt32BE(2, 4);
  for (const [i, cpu] of [0x01000007, 0x0100000c].entries()) {
    const offset = 64 + 32 * i;
    for (const [k, value] of [cpu, 0, offset, 32, 0].entries()) file.writeUInt32BE(value, 8 + 20 * i + 4 * k);
    file.writeUInt32LE(0xfeedfacf, offset);
    file.writeUInt32LE(cpu, offset + 4);
  }
  return file;
}
