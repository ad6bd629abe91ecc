/** The streams beside threads, modules and memory: what each tells, what is never read, and what damage does to it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ByteBuilder, type SynthCpu, synthDump } from "@salvage/testkit/synth-dump";
import { BufferSource } from "../bytes/byte-source.ts";
import { processMinidump } from "../process.ts";
import type { Report } from "../report/report.ts";
import { type Dump, readDump } from "./read-dump.ts";

const read = (bytes: Uint8Array): Dump => readDump(new BufferSource(bytes));
const reportOf = (bytes: Uint8Array): Report => processMinidump(new BufferSource(bytes), { image: () => null, own: () => true });

for (const littleEndian of [true, false]) {
  test(`Crashpad's annotations of every kind, ${littleEndian ? "little" : "big"}-endian`, () => {
    const bytes = synthDump({ littleEndian })
      .linux()
      .module({ name: "/home/ann/app", base: 0x400000n, size: 0x1000 })
      .crashpadAnnotations({ version: "1", "switch-1": "--token=secret", commandLine: "app --secret" })
      .crashpadModule({
        moduleIndex: 0,
        list: ["abort() called", "/home/ann/app failed"],
        simple: { channel: "beta", "num-switches": "3" },
        objects: { lastScreen: "menu", "switch-2": "--secret", counter: { type: 0x8001, bytes: Uint8Array.of(1, 2) } },
      })
      .build();
    const dump = read(bytes);
    assert.deepEqual(dump.warnings.list, []);
    const info = reportOf(bytes).crashpad_info;
    assert.deepEqual(info?.simple_annotations, { version: "1" });
    assert.deepEqual(info?.module_list, [
      {
        module_index: 0,
        list_annotations: ["abort() called", "/home/*/app failed"],
        simple_annotations: { channel: "beta" },
        annotation_objects: { lastScreen: "menu" },
      },
    ]);
    assert.equal(info?.report_id, littleEndian ? "04030201-0605-0807-090a-0b0c0d0e0f10" : "01020304-0506-0708-090a-0b0c0d0e0f10");
    assert.doesNotMatch(JSON.stringify(reportOf(bytes)), /secret|c1c1c1c1|\/ann/);
  });
}

test("a report id of nothing but zeros names nothing; modules without annotations are left out", () => {
  const dump = read(synthDump().linux().crashpadModule({ moduleIndex: 3 }).build());
  assert.deepEqual(dump.crashpad?.modules, []);
});

test("memory ranges of Windows: what can be done with each", () => {
  const dump = read(
    synthDump()
      .windows()
      .memoryInfo([
        { start: 0x3000n, size: 0x1000n, state: 0x1000, protection: 0x104 },
        { start: 0x1000n, size: 0x1000n, state: 0x1000, protection: 0x20 },
        { start: 0x2000n, size: 0x1000n, state: 0x10000, protection: 0x01 },
      ])
      .build(),
  );
  assert.deepEqual(dump.warnings.list, []);
  const at = (address: bigint): unknown => {
    const r = dump.regions.at(address);
    return r && [r.committed, r.read, r.write, r.execute, r.guard];
  };
  assert.deepEqual(at(0x1fffn), [true, true, false, true, false]);
  assert.deepEqual(at(0x2000n), [false, false, false, false, false]);
  assert.deepEqual(at(0x3000n), [true, true, true, false, true]);
  assert.equal(at(0x4000n), null);
  assert.equal(at(0xfffn), null);
  assert.equal(dump.regions.linuxMapCount, null);
});

test("memory ranges of Linux: permissions, the kernel's names, no paths", () => {
  const maps = [
    "00400000-00401000 r-xp 00000000 fe:01 123    /home/ann/app",
    "00600000-00601000 ---p 00000000 00:00 0",
    "7ffe0000-7fff0000 rw-p 00000000 00:00 0      [stack]",
    "a damaged line",
  ].join("\n");
  const bytes = synthDump().linux().linuxText("maps", maps).build();
  const { regions } = read(bytes);
  assert.equal(regions.linuxMapCount, 3);
  assert.equal(regions.at(0x400fffn)?.execute, true);
  assert.equal(regions.at(0x400fffn)?.kernelName, null);
  assert.equal(regions.at(0x600000n)?.guard, true);
  assert.equal(regions.at(0x7ffe0000n)?.kernelName, "[stack]");
  assert.equal(reportOf(bytes).linux_memory_map_count, 3);
  assert.doesNotMatch(JSON.stringify(reportOf(bytes)), /ann/);
});

test("distribution, microcode and limits; environment and command line never reach a report", () => {
  const bytes = synthDump()
    .linux()
    .linuxText("lsbRelease", 'DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=24.04\nDISTRIB_CODENAME=noble\nDISTRIB_DESCRIPTION="Ubuntu 24.04 LTS"\n')
    .linuxText("cpuInfo", "processor\t: 0\nmicrocode\t: 0x002B\n")
    .linuxText(
      "limits",
      "Limit  Soft Limit  Hard Limit  Units\nMax open files            1024                 4096                 files     \nMax cpu time  unlimited  unlimited  seconds\nMax nice priority         0                    0                    \n",
    )
    .linuxText("commandLine", "app\0--password=secret")
    .linuxText("environment", "TOKEN=secret")
    .build();
  const report = reportOf(bytes);
  assert.deepEqual(report.lsb_release, { id: "Ubuntu", release: "24.04", codename: "noble", description: "Ubuntu 24.04 LTS" });
  assert.equal(report.system_info.cpu_microcode_version, "0x2b");
  assert.deepEqual(report.proc_limits?.limits, [
    { name: "Max open files", soft: "1024", hard: "4096", unit: "files" },
    { name: "Max cpu time", soft: "unlimited", hard: "unlimited", unit: "seconds" },
    { name: "Max nice priority", soft: "0", hard: "0", unit: "n/a" },
  ]);
  assert.doesNotMatch(JSON.stringify(report), /secret/);
});

test("os-release has the same under other names", () => {
  const text = 'PRETTY_NAME="Debian GNU/Linux 12"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n';
  assert.deepEqual(read(synthDump().linux().linuxText("lsbRelease", text).build()).linux.distribution, {
    id: "debian",
    release: "12",
    codename: "bookworm",
    description: "Debian GNU/Linux 12",
  });
});

test("macOS crash messages by version, and boot arguments", () => {
  const bytes = synthDump()
    .macos()
    .macCrashInfo([
      { version: 5, numbers: [1n, 2n, 3n], texts: ["/usr/lib/libc.dylib", "abort() called", "", "0x1 0x2", "more"] },
      { version: 4, numbers: [7n, 8n], texts: ["a.dylib"] },
      { version: 1 },
    ])
    .macBootArgs("-v debug=0x144")
    .build();
  const report = reportOf(bytes);
  assert.equal(report.mac_boot_args, "-v debug=0x144");
  assert.equal(report.mac_crash_info?.num_records, 3);
  assert.deepEqual(report.mac_crash_info?.records[0], {
    thread: "0x1",
    dialog_mode: "0x2",
    abort_cause: "0x3",
    module: "/usr/lib/libc.dylib",
    message: "abort() called",
    signature_string: null,
    backtrace: "0x1 0x2",
    message2: "more",
  });
  const second = report.mac_crash_info?.records[1];
  assert.deepEqual([second?.thread, second?.abort_cause, second?.module, second?.message], ["0x7", null, "a.dylib", null]);
  assert.equal(report.mac_crash_info?.records[2]?.thread, null);
});

test("handles are counted by type, their names are not read", () => {
  const bytes = synthDump()
    .windows()
    .handles([{ type: "File", object: "C:\\Users\\ann\\secret.txt" }, { type: "Event" }, { type: "Event" }, { type: "" }])
    .build();
  const report = reportOf(bytes);
  assert.deepEqual(report.handle_counts, { total: 4, types: { Event: 2, File: 1, unknown: 1 } });
  assert.deepEqual(Object.keys(report.handle_counts?.types ?? {}), ["Event", "File", "unknown"]);
  assert.doesNotMatch(JSON.stringify(report), /secret/);
});

test("memory figures of both revisions, and of the system", () => {
  const words = (...values: bigint[]): Uint8Array =>
    values.reduce((out, v) => out.u64(v), new ByteBuilder().u16(2).u16(15).u32(9)).toBytes();
  const process = words(10n, 11n, 0n, 0n, 0n, 0n, 0n, 0n, 12n, 13n, 14n);
  const system = new ByteBuilder().u16(1).u16(15).u32(0).u32(4096).u32(100).zeros(100).u64(7n).u64(8n).u64(9n).toBytes();
  const report = reportOf(synthDump().windows().stream(22, process).stream(21, system).build());
  assert.deepEqual(report.memory_figures, {
    peak_working_set: 10,
    working_set: 11,
    virtual_size: 13,
    private_bytes: 14,
    system_total: 409600,
    system_free: 7 * 4096,
    system_committed: 8 * 4096,
    system_commit_limit: 9 * 4096,
  });
  const first = new ByteBuilder().u16(1).u16(0).u32(9).u64(10n).u64(11n).zeros(48).u64(12n).toBytes();
  const old = read(synthDump().windows().stream(22, first).build()).memoryFigures;
  assert.deepEqual([old?.privateBytes, old?.virtualSize, old?.systemTotal], [12n, null, null]);
});

test("threads of Windows: last error from the environment block, start address from the info list", () => {
  const teb = new Uint8Array(0x70);
  new DataView(teb.buffer).setUint32(0x68, 5, true);
  const report = reportOf(
    synthDump()
      .windows()
      .thread({ id: 1, registers: { rip: 0x1000n }, teb: 0x9000n })
      .thread({ id: 2, registers: { rip: 0x1000n }, teb: 0xa000n })
      .memory(0x9000n, teb)
      .threadInfo([{ id: 2, flags: 2, startAddress: 0x7ff612340000n }])
      .build(),
  );
  assert.deepEqual(
    report.threads.map((t) => [t.last_error_value, t.start_address]),
    [
      ["ERROR_ACCESS_DENIED", undefined],
      [null, "0x00007ff612340000"],
    ],
  );
});

test("tables of run-time generated functions", () => {
  const table = new ByteBuilder().u32(24).u32(32).u32(8).u32(12).u32(1).u32(4).zeros(4);
  table.u64(0x1000n).u64(0x2000n).u64(0x500n).u32(2).u32(0).zeros(8).zeros(11).u8(7).zeros(11).u8(9);
  const dump = read(synthDump().windows().stream(13, table.toBytes()).build());
  assert.deepEqual(dump.warnings.list, []);
  const [only] = dump.functionTables;
  assert.deepEqual([only?.start, only?.end, only?.base, only?.entryBytes], [0x1000n, 0x2000n, 0x500n, 12]);
  assert.deepEqual([only?.entries.length, only?.entries[11], only?.entries[23]], [24, 7, 9]);
});

test("comments, wide before narrow", () => {
  const narrow = new TextEncoder().encode("narrow");
  const wide = new ByteBuilder().u16(0x57).u16(0).toBytes();
  assert.equal(reportOf(synthDump().windows().stream(10, narrow).build()).comment, "narrow");
  assert.equal(reportOf(synthDump().windows().stream(10, narrow).stream(11, wide).build()).comment, "W");
});

test("PDB 2.0 records", () => {
  const dump = read(
    synthDump()
      .windows({ cpu: "x86" })
      .module({ name: "old.exe", base: 0x400000n, size: 0x1000, pdb20: { timestamp: 0x3a5b6c7d, age: 2, file: "old.pdb" } })
      .build(),
  );
  assert.deepEqual([dump.modules[0]?.debugId, dump.modules[0]?.debugFile], ["3A5B6C7D2", "old.pdb"]);
});

test("counts beyond the stream are told and cut; sizes that cannot be are refused", () => {
  const huge = (headerBytes: number, entryBytes: number): Uint8Array =>
    new ByteBuilder().u32(headerBytes).u32(entryBytes).u32(0xffffffff).u32(0xffff).zeros(8).toBytes();
  for (const type of [12, 13, 16, 17]) {
    for (const [header, entry] of [
      [16, 64],
      [0, 0],
      [0xffffffff, 64],
      [24, 1],
    ] as const) {
      const dump = read(synthDump().windows().stream(type, huge(header, entry)).build());
      assert.ok(dump.warnings.list.length > 0, `stream ${type}, header ${header}, entries of ${entry}`);
    }
  }
  const records = new ByteBuilder().u32(0).u32(0xffffffff).u32(0xffffffff).u32(0xffffffff).u32(0xffffffff).toBytes();
  const mac = read(synthDump().macos().stream(0x4d7a0001, records).build());
  assert.deepEqual(mac.mac.crashRecords, []);
  assert.ok(mac.warnings.list.length >= 2);
});

const others: [SynthCpu, Record<string, bigint>, string][] = [
  ["mips", { pc: 0xffffffff80001000n, sp: 0x7fff0000n, ra: 0x400100n, a0: 5n }, "mips"],
  ["mips64", { pc: 0x120001000n, sp: 0xffff0000n, ra: 0x120000100n }, "mips64"],
  ["riscv64", { pc: 0x1000n, sp: 0x2000n, ra: 0x3000n, fp: 0x4000n, s1: 0x5000n }, "riscv64"],
  ["ppc", { srr0: 0x1000n, r1: 0x2000n, r31: 0x3000n, lr: 0x4000n }, "ppc"],
  ["ppc64", { srr0: 0x100000001000n, r1: 0x2000n, r31: 0x3000n, lr: 0x4000n }, "ppc64"],
  ["sparc", { pc: 0x1000n, npc: 0x1004n, sp: 0x2000n, fp: 0x3000n }, "sparc"],
];
for (const [cpu, registers, title] of others) {
  for (const littleEndian of [true, false]) {
    test(`${cpu} context, ${littleEndian ? "little" : "big"}-endian`, () => {
      const bytes = synthDump({ littleEndian })
        .linux({ cpu })
        .thread({ id: 1, registers })
        .exception({ threadId: 1, code: 11, address: 0n })
        .build();
      const dump = read(bytes);
      const bits = dump.cpu?.pointerBytes === 4 ? 32 : 64;
      for (const [name, value] of Object.entries(registers)) {
        assert.equal(dump.registersOf(0)?.get(name), BigInt.asUintN(bits, value), name);
      }
      assert.deepEqual(dump.warnings.list, []);
      assert.equal(dump.system.cpuTitle, title);
      assert.equal(reportOf(bytes).crashing_thread?.frames[0]?.trust, "context");
    });
  }
}

test("the auxiliary vector and the loader's list of libraries, in 64 and 32 bits", () => {
  for (const [cpu, bytes] of [
    ["amd64", 8],
    ["x86", 4],
  ] as const) {
    const word = (to: ByteBuilder, value: bigint): ByteBuilder => (bytes === 8 ? to.u64(value) : to.u32(Number(value)));
    const auxv = [9n, 0x401000n, 25n, 0x7ffn, 33n, 0x7000n, 0n, 0n, 3n, 1n].reduce(word, new ByteBuilder());
    // The list and its names stand where nothing else is: in a stream of their own, which the first build finds.
    const build = (listAt: number, nameAt: number): Uint8Array => {
      const debug = new ByteBuilder()
        .u32(1)
        .u32(listAt)
        .u32(2)
        .zeros(bytes - 4);
      for (const value of [0x900000n, 0x7f000n, 0x403000n]) word(debug, value);
      const entries = new ByteBuilder();
      word(
        word(entries, 0n)
          .u32(0)
          .zeros(bytes - 4),
        1n,
      );
      word(
        word(entries, 0x7f1000n)
          .u32(nameAt)
          .zeros(bytes - 4),
        2n,
      );
      entries.u32(12);
      for (const letter of "libc.so.6") entries.u16(letter.charCodeAt(0));
      return synthDump()
        .linux({ cpu })
        .stream(0x47670008, auxv.toBytes())
        .stream(0x4767000a, debug.toBytes())
        .stream(0x1234, entries.toBytes())
        .build();
    };
    const view = (dump: Uint8Array): DataView => new DataView(dump.buffer, dump.byteOffset, dump.byteLength);
    const probe = view(build(0, 0));
    let listAt = 0;
    for (let i = 0, at = probe.getUint32(12, true); i < probe.getUint32(8, true); i++, at += 12) {
      if (probe.getUint32(at, true) === 0x1234) listAt = probe.getUint32(at + 8, true);
    }
    const dump = read(build(listAt, listAt + 2 * 3 * bytes));
    assert.deepEqual(
      dump.warnings.list.filter((w) => w.stream.startsWith("Linux")),
      [],
    );
    assert.deepEqual(Object.fromEntries(dump.linux.auxv ?? []), { AT_ENTRY: 0x401000n, AT_SYSINFO_EHDR: 0x7000n });
    assert.deepEqual(dump.linux.linkMap, {
      version: 1,
      hook: 0x900000n,
      loaderBase: 0x7f000n,
      libraries: [
        { base: 0n, name: "" },
        { base: 0x7f1000n, name: "libc.s" },
      ],
    });
  }
});

test("operations on handles by kind; a list cut short", () => {
  const list = new ByteBuilder().u32(16).u32(288).u32(4).u32(0);
  for (const kind of [1, 2, 3]) list.u64(0x44n).u32(7).u32(8).u32(kind).zeros(268);
  const dump = read(synthDump().windows().stream(18, list.toBytes()).build());
  assert.deepEqual(
    [dump.handleOperations?.count, Object.fromEntries(dump.handleOperations?.kinds ?? [])],
    [3, { open: 1, close: 1, "invalid use": 1 }],
  );
  assert.match(dump.warnings.list.find((w) => w.stream === "HandleOperationList")?.message ?? "", /says 4 operations, reading 3/);
});

test("access tokens are counted, not read; a list cut short", () => {
  const list = new ByteBuilder()
    .u32(16 + 3 * 48)
    .u32(3)
    .u32(16)
    .u32(16);
  for (const thread of [7, 8]) list.u32(48).u32(thread).u64(0x44n).zeros(32);
  assert.equal(read(synthDump().windows().stream(19, list.toBytes()).build()).tokens, 3);
  const lying = new ByteBuilder().u32(64).u32(0x7fffffff).u32(16).u32(16).u32(48).u32(7).u64(0x44n).zeros(32);
  const dump = read(synthDump().windows().stream(19, lying.toBytes()).build());
  assert.equal(dump.tokens, 3);
  assert.match(dump.warnings.list.find((w) => w.stream === "TokenInfo")?.message ?? "", /says 2147483647 tokens, there is room for 3/);
  assert.equal(read(synthDump().windows().build()).tokens, null);
});
