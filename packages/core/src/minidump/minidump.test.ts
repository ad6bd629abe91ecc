/** Reading dumps built by a writer that shares no code with the reader. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteBuilder, ref, synthDump, synthStack } from "@salvage/testkit/synth-dump";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { type Dump, readDump } from "./read-dump.ts";
import { touchedModules } from "./touched.ts";

const read = (bytes: Uint8Array): Dump => readDump(new BufferSource(bytes));

function sample(littleEndian: boolean): Uint8Array {
  const stack = synthStack(0x7ffe0000n).word(1n).label("caller").word(ref("end")).word(0x401234n).label("end").word(0n);
  return synthDump({ littleEndian })
    .linux({ version: "Linux 6.1.0-18-amd64 #1 SMP Debian x86_64 GNU/Linux" })
    .processors(8)
    .writtenAt(1_700_000_000)
    .module({ name: "/opt/app/app", base: 0x400000n, size: 0x10000, buildId: "a0c64e2c14acb2159412287e1cde9fdc8aec5731" })
    .module({ name: "/opt/app/ä/lib.so (deleted)", base: 0x7f0000000000n, size: 0x2000, version: [1, 2, 3, 4] })
    .thread({ id: 7, name: "main", registers: { rip: 0x401000n, rsp: 0x7ffe0000n, rbp: ref("caller"), r15: 0xfedcba9876543210n }, stack })
    .thread({ id: 8, registers: { rip: 0x401000n } })
    .exception({ threadId: 7, code: 11, flags: 1, address: 0x45n, information: [3n, 4n], registers: { rip: 0x402000n, rsp: 0x7ffe0000n } })
    .misc({ pid: 4711, createTimeSeconds: 1_600_000_000 })
    .unloadedModule({ name: "C:\\old.dll", base: 0x10000n, size: 0x3000, timestamp: 0x5ab38077 })
    .crashpadAnnotations({ version: "1.2", "ptype ä": "browser" })
    .build();
}

for (const littleEndian of [true, false]) {
  test(`every field, ${littleEndian ? "little" : "big"}-endian`, () => {
    const dump = read(sample(littleEndian));
    assert.deepEqual(dump.warnings.list, []);
    assert.equal(dump.writtenAtSeconds, 1_700_000_000);
    assert.deepEqual(dump.system, {
      os: "linux",
      osTitle: "Linux",
      osVersion: "6.1.0-18-amd64 #1 SMP Debian",
      cpu: "amd64",
      cpuTitle: "amd64",
      cpuCount: 8,
      cpuInfo: "family 6 model 85 stepping 2",
    });
    assert.deepEqual(dump.misc, { pid: 4711, createTimeSeconds: 1_600_000_000 });
    assert.deepEqual(dump.modules, [
      {
        index: 0,
        base: 0x400000n,
        size: 0x10000,
        codeFile: "/opt/app/app",
        debugFile: "/opt/app/app",
        debugId: littleEndian ? "2C4EC6A0AC1415B29412287E1CDE9FDC0" : "A0C64E2C14ACB2159412287E1CDE9FDC0",
        codeId: "a0c64e2c14acb2159412287e1cde9fdc8aec5731",
        version: null,
      },
      {
        index: 1,
        base: 0x7f0000000000n,
        size: 0x2000,
        codeFile: "/opt/app/ä/lib.so (deleted)",
        debugFile: null,
        debugId: null,
        codeId: null,
        version: "1.2.3.4",
      },
    ]);
    assert.deepEqual(dump.unloadedModules, [{ name: "C:\\old.dll", codeId: "5ab380773000", base: 0x10000n, size: 0x3000 }]);
    assert.deepEqual(
      dump.threads.map((t) => [t.id, t.name, t.stackStart, t.stackSize]),
      [
        [7, "main", 0x7ffe0000n, 32],
        [8, null, 0n, 0],
      ],
    );
    assert.deepEqual(
      { ...dump.exception, context: null },
      { threadId: 7, code: 11, flags: 1, address: 0x45n, information: [3n, 4n], context: null },
    );
    assert.equal(dump.crashingThread, 0);
    assert.equal(dump.registersOf(0)?.get("rip"), 0x402000n, "the exception's registers, not the thread's");
    assert.equal(dump.registersOf(1)?.get("rip"), 0x401000n);
    assert.equal(dump.memory.word(0x7ffe0010n, 8), 0x401234n);
    assert.equal(dump.memory.word(0x7ffe0008n, 8), 0x7ffe0018n, "labels are addresses");
    assert.equal(dump.memory.word(0x7ffe0019n, 8), null, "a word that is not all captured");
    assert.deepEqual(
      [...(dump.crashpad?.annotations ?? [])],
      [
        ["version", "1.2"],
        ["ptype ä", "browser"],
      ],
    );
  });
}

test("Windows: PDB ids, code ids, version; the PDB's name is kept", () => {
  const dump = read(
    synthDump()
      .windows()
      .module({
        name: "C:\\game\\game.exe",
        base: 0x140000000n,
        size: 0x9000,
        timestamp: 0x5ab38077,
        pdb: { guid: "3249D99D-0C40-4931-8610-F4E4FB0B6936", age: 10, file: "C:\\build\\game.pdb" },
      })
      .build(),
  );
  const module = dump.modules[0];
  assert.equal(module?.debugId, "3249D99D0C4049318610F4E4FB0B6936a");
  assert.equal(module?.codeId, "5ab380779000");
  assert.equal(module?.debugFile, "C:\\build\\game.pdb");
  assert.equal(dump.system.osVersion, "10.0.19045");
});

test("macOS: the UUID is debug id and code id", () => {
  const dump = read(
    synthDump()
      .macos()
      .module({
        name: "/Apps/game",
        base: 0x100000000n,
        size: 0x9000,
        pdb: { guid: "67E9247C814E392BA027DBDE6748FCBF", age: 0, file: "game" },
      })
      .build(),
  );
  assert.equal(dump.modules[0]?.debugId, "67E9247C814E392BA027DBDE6748FCBF0");
  assert.equal(dump.modules[0]?.codeId, "67e9247c814e392ba027dbde6748fcbf");
});

for (const [cpu, registers] of [
  ["x86", { eip: 0x401000n, esp: 0x1000n, ebp: 0x2000n, eax: 5n }],
  ["arm64", { pc: 0x401000n, sp: 0x1000n, fp: 0x2000n, lr: 3n, x28: 0xfedcba9876543210n, cpsr: 6n }],
  ["arm64_old", { pc: 0x401000n, sp: 0x1000n, fp: 0x2000n, lr: 3n, x28: 0xfedcba9876543210n, cpsr: 6n }],
  ["arm", { pc: 0x401000n, sp: 0x1000n, fp: 0x2000n, lr: 3n, r10: 4n, r12: 5n, cpsr: 6n }],
] as const) {
  // The builder names arm's registers by number.
  const given = cpu === "arm" ? Object.fromEntries(Object.entries(registers).map(([k, v]) => [k === "fp" ? "r11" : k, v])) : registers;
  test(`${cpu} context`, () => {
    const dump = read(synthDump().linux({ cpu }).thread({ id: 1, registers: given }).build());
    for (const [name, value] of Object.entries(registers)) assert.equal(dump.registersOf(0)?.get(name), value, name);
    assert.deepEqual(dump.warnings.list, []);
  });
}

test("full memory: stacks are found in the 64-bit list", () => {
  const stack = synthStack(0x7ffe0000n).word(0x11n).word(0x22n);
  const dump = read(
    synthDump()
      .linux()
      .thread({ id: 1, registers: { rsp: 0x7ffe0000n }, stack })
      .memory(0x5000n, Uint8Array.of(1, 2, 3))
      .asMemory64()
      .build(),
  );
  assert.equal(dump.memory.word(0x7ffe0008n, 8), 0x22n);
  assert.deepEqual(dump.memory.bytes(0x5001n, 10), Uint8Array.of(2, 3));
  assert.equal(dump.memory.bytes(0x5003n, 1), null);
});

test("touched: registers, stack words; overlaps count for all", () => {
  const stack = synthStack(0x7ffe0000n).word(0x500010n).word(0x60000fn);
  const dump = read(
    synthDump()
      .linux()
      .module({ name: "a", base: 0x400000n, size: 0x1000 })
      .module({ name: "b", base: 0x500000n, size: 0x1000 })
      .module({ name: "c", base: 0x600000n, size: 0x1000 })
      .module({ name: "c2", base: 0x5fff00n, size: 0x2000 })
      .module({ name: "d", base: 0x700000n, size: 0x1000 })
      .thread({ id: 1, registers: { rip: 0x400010n, rsp: 0x7ffe0000n }, stack })
      .build(),
  );
  assert.deepEqual(touchedModules(dump), [true, true, true, true, false]);
});

test("what is no minidump says so", () => {
  assert.throws(
    () => read(new Uint8Array(0)),
    (e: unknown) => e instanceof FormatError && /need 32 bytes, file has 0/.test(e.message),
  );
  assert.throws(() => read(new TextEncoder().encode("just some text, long enough to be a header")), /magic is 0x7473756a, not "MDMP"/);
});

test("a count of two thousand million allocates nothing and is told", () => {
  const bytes = new ByteBuilder().u32(0x504d444d).u32(0xa793).u32(0x80000000).u32(32).zeros(16).zeros(3).toBytes();
  assert.equal(bytes.length, 35);
  assert.throws(
    () => read(bytes),
    (error) => error instanceof FormatError && error.offset === 32 && /none of its 2147483648 streams/.test(error.message),
  );
});

test("a stream cut by the end of the file is read as far as it goes", () => {
  const whole = synthDump()
    .linux()
    .thread({ id: 1, registers: { rip: 1n } })
    .thread({ id: 2, registers: { rip: 2n } })
    .build();
  const view = new DataView(whole.buffer);
  const entry = [0, 1, 2, 3].map((i) => 32 + i * 12).find((at) => view.getUint32(at, true) === 3) ?? 0;
  const cut = whole.slice(0, view.getUint32(entry + 8, true) + 4 + 48 + 20);
  const dump = read(cut);
  assert.deepEqual(
    dump.threads.map((t) => t.id),
    [1],
  );
  assert.ok(
    dump.warnings.list.some((w) => w.stream === "ThreadList" && w.message === "says 2 entries, reading 1"),
    JSON.stringify(dump.warnings.list),
  );
});

test("a pad after the count is skipped", () => {
  const padded = new ByteBuilder().u32(1).u32(0).u32(9).zeros(44).toBytes();
  const dump = read(synthDump().linux().without("threads").stream(3, padded).build());
  assert.deepEqual(
    dump.threads.map((t) => t.id),
    [9],
  );
});

test("a stream twice: the later one counts, with a warning", () => {
  const misc = new ByteBuilder().u32(24).u32(1).u32(99).zeros(12).toBytes();
  const dump = read(synthDump().linux().misc({ pid: 5, createTimeSeconds: 0 }).stream(15, misc).build());
  assert.equal(dump.misc.pid, 99);
  assert.match(dump.warnings.list[0]?.message ?? "", /more than once/);
});

test("the process id comes from /proc status when there is nothing better, and nothing else does", () => {
  const dump = read(synthDump().linux().stream(0x47670004, new TextEncoder().encode("Name:\tsecret\nPid:\t1234\nPPid:\t1\n")).build());
  assert.equal(dump.misc.pid, 1234);
});

test("an exception whose thread is missing is shown from the exception alone", () => {
  const dump = read(
    synthDump()
      .linux()
      .without("threads")
      .exception({ threadId: 3, code: 11, address: 0n, registers: { rip: 0x123n } })
      .build(),
  );
  assert.equal(dump.crashingThread, 0);
  assert.equal(dump.registersOf(0)?.get("rip"), 0x123n);
});

test("an abort message among the annotations is the assertion's text", () => {
  const dump = read(synthDump().linux().crashpadAnnotations({ version: "1", abort_message: "x != 0" }).build());
  assert.equal(dump.assertion, "x != 0");
});

test("a damaged exception context falls back to the thread's", () => {
  const bytes = synthDump()
    .linux()
    .thread({ id: 3, registers: { rip: 0x77n } })
    .exception({ threadId: 3, code: 11, address: 0n, registers: { rip: 0x123n } })
    .build();
  const view = new DataView(bytes.buffer);
  for (let at = 32; ; at += 12) {
    if (view.getUint32(at, true) === 6) {
      view.setUint32(view.getUint32(at + 8, true) + 164, 0x7fffffff, true);
      break;
    }
  }
  const dump = read(bytes);
  assert.equal(dump.registersOf(0)?.get("rip"), 0x77n);
  assert.match(dump.warnings.list[0]?.stream ?? "", /Exception/);
});
