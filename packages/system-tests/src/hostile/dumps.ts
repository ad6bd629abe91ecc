/** Minidumps that are made to do harm: the kinds that other readers of them fell for. What becomes of each crash. */
import { ref, type SynthDump, synthDump, synthStack } from "@salvage/testkit/synth-dump";

export type HostileDump = {
  name: string;
  /** Of the answer's status, or of the crash's state and reason. */
  expect: RegExp;
  /** @param seed makes it another dump, which no server takes for the same one */
  bytes(seed: number): Buffer;
};

const words = (...values: number[]) => Buffer.from(Uint32Array.from(values).buffer);
const header = (streams: number, directory = 32) => Buffer.concat([Buffer.from("MDMP"), words(0xa793, streams, directory, 0, 0, 0, 0)]);

/** A small crash with a module, a stack and an exception. */
function crash(change: (dump: SynthDump) => SynthDump = (dump) => dump): Buffer {
  const stack = synthStack(0x7ffe0000n).label("a").word(ref("b")).word(0x401234n).label("b").word(ref("a")).word(0x402234n);
  const dump = synthDump()
    .linux()
    .module({ name: "/opt/app/app", base: 0x400000n, size: 0x10000, buildId: "00112233445566778899aabbccddeeff" })
    .thread({ id: 7, registers: { rip: 0x401000n, rsp: 0x7ffe0000n, rbp: ref("a") }, stack })
    .exception({ threadId: 7, code: 11, flags: 1, address: 0n });
  return Buffer.from(change(dump).build());
}

/** Changes each entry of a dump's directory: type, size, place. */
function directory(
  dump: Buffer,
  change: (entry: { type: number; size: number; at: number }) => Partial<{ size: number; at: number }>,
): Buffer {
  const changed = Buffer.from(dump);
  for (let index = 0; index < changed.readUInt32LE(8); index++) {
    const place = changed.readUInt32LE(12) + 12 * index;
    const [type, size, at] = [0, 4, 8].map((offset) => changed.readUInt32LE(place + offset)) as [number, number, number];
    const made = change({ type, size, at });
    changed.writeUInt32LE(made.size ?? size, place + 4);
    changed.writeUInt32LE(made.at ?? at, place + 8);
  }
  return changed;
}

const moduleList = 4;
const finished = /^(complete|provisional)/;
const rejected = /^rejected .+/;

export function hostileDumps(): HostileDump[] {
  const dump = (name: string, expect: RegExp, bytes: (seed: number) => Buffer): HostileDump => ({
    name,
    expect,
    bytes: (seed) => Buffer.concat([bytes(seed), words(seed)]),
  });
  return [
    dump("35 bytes that claim two billion streams", rejected, () => Buffer.concat([header(2 ** 31), Buffer.alloc(3)])),
    dump("lists that claim two billion entries", rejected, () => {
      const lists = [3, 4, 5, 9, 14, 16, 17, 24];
      const at = 32 + 12 * lists.length;
      const entries = lists.map((type) => words(type, 0xffffffff, at));
      return Buffer.concat([header(lists.length), ...entries, words(2 ** 31, 1, 2 ** 31, 2 ** 31)]);
    }),
    dump("a hundred thousand streams of one type", /./, () => {
      const one = crash();
      const entries = Array.from({ length: 100_000 }, () => words(moduleList, one.length - 32, 32));
      return Buffer.concat([header(100_000), ...entries]);
    }),
    dump("all streams at the same place", /^(rejected|complete|provisional)/, () => directory(crash(), () => ({ at: 200 }))),
    dump("streams outside the file", rejected, () => directory(crash(), () => ({ at: 0xfffffff0 }))),
    dump("streams that are larger than the file", finished, () => directory(crash(), () => ({ size: 0xfffffff0 }))),
    dump("two module lists", finished, () => crash((made) => made.stream(moduleList, Buffer.concat([words(1), Buffer.alloc(108, 0xff)])))),
    dump("modules without length or name, one over another", finished, () =>
      crash((made) => {
        for (let i = 0; i < 100; i++) made.module({ name: "", base: 0x400000n + BigInt(i), size: i % 2 });
        return made;
      }),
    ),
    dump("a hundred thousand modules", /./, () => {
      const modules = 100_000;
      const list = Buffer.alloc(4 + 108 * modules, 1);
      list.writeUInt32LE(modules, 0);
      for (let i = 0; i < modules; i++) list.writeBigUInt64LE(BigInt(0x10000000 + i * 0x1000), 4 + 108 * i);
      const made = crash((one) => one.without("modules").stream(moduleList, list));
      return made;
    }),
    dump("frame pointers in a ring", finished, () => crash()),
    dump("one stack of 4,000 frames shown to 3,000 threads", finished, () => {
      const links = 4000;
      const stack = synthStack(0x7ffe0000n);
      for (let i = 0; i < links; i++)
        stack
          .label(`${i}`)
          .word(i + 1 < links ? ref(`${i + 1}`) : 0n)
          .word(0x401234n);
      const made = synthDump().linux().module({ name: "a", base: 0x400000n, size: 0x10000 });
      made.thread({ id: 0, registers: { rip: 0x401000n, rsp: 0x7ffe0000n, rbp: ref("0") }, stack });
      for (let id = 1; id < 3000; id++) made.thread({ id, registers: { rip: 0x401000n, rsp: 0x7ffe0000n, rbp: 0x7ffe0000n } });
      return Buffer.from(made.build());
    }),
    dump("a stack of 16 MB that looks like return addresses", finished, () => {
      const stack = synthStack(0x7ffe0000n).bytes(Buffer.alloc(16 << 20, Buffer.from("3412400000000000", "hex")));
      const made = synthDump().linux().module({ name: "a", base: 0x400000n, size: 0x10000 });
      return Buffer.from(made.thread({ id: 7, registers: { rip: 0x401000n, rsp: 0x7ffe0000n }, stack }).build());
    }),
    dump("annotations whose names and values are a megabyte", finished, () =>
      crash((made) =>
        made.crashpadAnnotations(
          Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`${i}${"k".repeat(1000)}`, "v".repeat(1 << 20)])),
        ),
      ),
    ),
    dump("a dump cut in the middle", /./, () => {
      const whole = crash();
      return whole.subarray(0, whole.length >> 1);
    }),
  ];
}
