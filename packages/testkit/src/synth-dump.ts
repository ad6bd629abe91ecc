/**
 * Builds minidumps byte by byte for tests: every field that core reads can be set, nothing depends on core, so that a test
 * compares two independent readings of the format. The defaults make a small, valid Linux x86-64 dump:
 *
 *   const stack = synthStack(0x7ffe0000n).word(1n).label("caller").word(ref("saved rbp")).word(0x401234n).label("saved rbp").word(0n);
 *   const bytes = synthDump()
 *     .linux()
 *     .module({ name: "/opt/app/app", base: 0x400000n, size: 0x10000, buildId: "00112233445566778899aabbccddeeff" })
 *     .thread({ id: 7, registers: { rip: 0x401000n, rsp: 0x7ffe0000n, rbp: ref("caller") }, stack })
 *     .exception({ threadId: 7, code: 11, flags: 1, address: 0n })
 *     .build();
 */

export type SynthCpu = "amd64" | "x86" | "arm64" | "arm64_old" | "arm" | "mips" | "mips64" | "riscv64" | "ppc" | "ppc64" | "sparc";

/** Text files of Linux that Breakpad's writer copies. */
export const LINUX_TEXT = {
  cpuInfo: 0x47670003,
  status: 0x47670004,
  lsbRelease: 0x47670005,
  commandLine: 0x47670006,
  environment: 0x47670007,
  maps: 0x47670009,
  limits: 0x4d7a0003,
} as const;

export type SynthModuleAnnotations = {
  moduleIndex: number;
  list?: readonly string[];
  simple?: Readonly<Record<string, string>>;
  /** Values are strings, or bytes of another type. */
  objects?: Readonly<Record<string, string | { type: number; bytes: Uint8Array }>>;
};

/** A value known only by its place: the address of a label of the same thread's stack. */
export type LabelRef = { readonly label: string };
export function ref(label: string): LabelRef {
  return { label };
}

export type SynthModule = {
  /** Full path as the writer recorded it. */
  name: string;
  base: bigint;
  /** Bytes of address space. */
  size: number;
  /** ELF build id in hex: an LEpB record. */
  buildId?: string;
  /** RSDS record: GUID as printed (32 hex digits, hyphens allowed), age, pdb path. */
  pdb?: { guid: string; age: number; file: string };
  /** NB10 record: the signature is a time stamp. */
  pdb20?: { timestamp: number; age: number; file: string };
  timestamp?: number;
  /** Four numbers of the fixed file version. */
  version?: readonly [number, number, number, number];
};

export type SynthThread = {
  id: number;
  name?: string;
  /** Address of the Windows environment block. */
  teb?: bigint;
  /** Registers by name ("rip", "x29"); the rest is zero. */
  registers?: Readonly<Record<string, bigint | LabelRef>>;
  stack?: SynthStack;
  /** Leaves the context out. */
  noContext?: boolean;
};

export type SynthException = {
  threadId: number;
  /** Signal number, Windows exception code or Mach exception type. */
  code: number;
  /** si_code on Linux, exception flags on Windows, the Mach code on macOS. */
  flags?: number;
  address: bigint;
  /** ExceptionInformation. */
  information?: readonly bigint[];
  /** Context at the fault; without it the thread's own context is referred to. */
  registers?: Readonly<Record<string, bigint | LabelRef>>;
};

/** A stack drawn from its lowest address upwards, with labels that registers and other words may name. */
export class SynthStack {
  readonly base: bigint;
  readonly wordBytes: 4 | 8;
  readonly #items: (bigint | LabelRef | Uint8Array)[] = [];
  readonly #labels = new Map<string, bigint>();
  #size = 0;

  constructor(base: bigint, wordBytes: 4 | 8) {
    this.base = base;
    this.wordBytes = wordBytes;
  }

  /** Names the address of what comes next. */
  label(name: string): this {
    this.#labels.set(name, this.base + BigInt(this.#size));
    return this;
  }

  word(value: bigint | LabelRef): this {
    this.#items.push(value);
    this.#size += this.wordBytes;
    return this;
  }

  words(count: number, value = 0n): this {
    for (let i = 0; i < count; i++) this.word(value);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    this.#items.push(bytes);
    this.#size += bytes.length;
    return this;
  }

  addressOf(label: string): bigint {
    const address = this.#labels.get(label);
    if (address === undefined) throw new Error(`synthStack: no label "${label}"`);
    return address;
  }

  toBytes(littleEndian: boolean): Uint8Array {
    const out = new ByteBuilder(littleEndian);
    for (const item of this.#items) {
      if (item instanceof Uint8Array) out.bytes(item);
      else {
        const value = typeof item === "bigint" ? item : this.addressOf(item.label);
        if (this.wordBytes === 8) out.u64(value);
        else out.u32(Number(value & 0xffffffffn));
      }
    }
    return out.toBytes();
  }
}

export function synthStack(base: bigint, wordBytes: 4 | 8 = 8): SynthStack {
  return new SynthStack(base, wordBytes);
}

/** Bytes that grow, in one byte order. */
export class ByteBuilder {
  readonly littleEndian: boolean;
  #bytes = new Uint8Array(1024);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;

  constructor(littleEndian = true) {
    this.littleEndian = littleEndian;
  }

  get size(): number {
    return this.#size;
  }

  #grow(n: number): number {
    const at = this.#size;
    this.#size += n;
    if (this.#size > this.#bytes.length) {
      const bigger = new Uint8Array(Math.max(this.#size, this.#bytes.length * 2));
      bigger.set(this.#bytes);
      this.#bytes = bigger;
      this.#view = new DataView(bigger.buffer);
    }
    return at;
  }

  u8(value: number): this {
    const at = this.#grow(1);
    this.#view.setUint8(at, value);
    return this;
  }

  u16(value: number): this {
    const at = this.#grow(2);
    this.#view.setUint16(at, value, this.littleEndian);
    return this;
  }

  u32(value: number): this {
    const at = this.#grow(4);
    this.#view.setUint32(at, value, this.littleEndian);
    return this;
  }

  u64(value: bigint): this {
    const at = this.#grow(8);
    this.#view.setBigUint64(at, BigInt.asUintN(64, value), this.littleEndian);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const at = this.#grow(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  zeros(count: number): this {
    this.#grow(count);
    return this;
  }

  align(to: number): this {
    return this.zeros((to - (this.#size % to)) % to);
  }

  patchU32(at: number, value: number): void {
    this.#view.setUint32(at, value, this.littleEndian);
  }

  patchU64(at: number, value: bigint): void {
    this.#view.setBigUint64(at, BigInt.asUintN(64, value), this.littleEndian);
  }

  toBytes(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }
}

/** Writes a stream. A number returned is the size to state, where it is smaller than what was written (records first, their data behind). */
type Writer = () => unknown;

const PLATFORM = { windows: 2, macos: 0x8101, ios: 0x8102, linux: 0x8201, android: 0x8203 } as const;
const ARCHITECTURE = {
  x86: 0,
  mips: 1,
  ppc: 3,
  arm: 5,
  amd64: 9,
  arm64: 12,
  sparc: 0x8001,
  ppc64: 0x8002,
  arm64_old: 0x8003,
  mips64: 0x8004,
  riscv64: 0x8006,
} as const;

export class SynthDump {
  readonly #littleEndian: boolean;
  #platform: number = PLATFORM.linux;
  #cpu: SynthCpu = "amd64";
  #osVersion: readonly [number, number, number] = [0, 0, 0];
  #osText = "";
  #withSystemInfo = true;
  #processors = 1;
  #timestampSeconds = 0;
  #modules: SynthModule[] | null = [];
  readonly #unloaded: { name: string; base: bigint; size: number; timestamp: number }[] = [];
  #threads: SynthThread[] | null = [];
  readonly #memory: { address: bigint; bytes: Uint8Array }[] = [];
  #memory64 = false;
  #exception: SynthException | null = null;
  #misc: { pid: number; createTimeSeconds: number } | null = null;
  #breakpad: { dumpThreadId: number; requestingThreadId: number } | null = null;
  #crashpad: Readonly<Record<string, string>> | null = null;
  readonly #crashpadModules: SynthModuleAnnotations[] = [];
  readonly #prepared: { type: number; prepare: (out: ByteBuilder) => Writer }[] = [];
  readonly #streams: { type: number; bytes: Uint8Array }[] = [];

  constructor(littleEndian: boolean) {
    this.#littleEndian = littleEndian;
  }

  linux(options: { cpu?: SynthCpu; version?: string } = {}): this {
    return this.#system(PLATFORM.linux, options.cpu, [0, 0, 0], options.version ?? "Linux 6.1.0 #1 SMP x86_64");
  }

  android(options: { cpu?: SynthCpu; version?: string } = {}): this {
    return this.#system(PLATFORM.android, options.cpu ?? "arm64", [0, 0, 0], options.version ?? "");
  }

  windows(options: { cpu?: SynthCpu; version?: readonly [number, number, number] } = {}): this {
    return this.#system(PLATFORM.windows, options.cpu, options.version ?? [10, 0, 19045], "");
  }

  macos(options: { cpu?: SynthCpu; version?: readonly [number, number, number] } = {}): this {
    return this.#system(PLATFORM.macos, options.cpu, options.version ?? [14, 5, 0], "23F79");
  }

  ios(options: { cpu?: SynthCpu } = {}): this {
    return this.#system(PLATFORM.ios, options.cpu ?? "arm64", [17, 5, 0], "21F79");
  }

  #system(platform: number, cpu: SynthCpu | undefined, version: readonly [number, number, number], text: string): this {
    this.#platform = platform;
    this.#cpu = cpu ?? "amd64";
    this.#osVersion = version;
    this.#osText = text;
    return this;
  }

  processors(count: number): this {
    this.#processors = count;
    return this;
  }

  /** The header's time stamp, seconds since 1970. */
  writtenAt(seconds: number): this {
    this.#timestampSeconds = seconds;
    return this;
  }

  module(module: SynthModule): this {
    this.#modules?.push(module);
    return this;
  }

  unloadedModule(module: { name: string; base: bigint; size: number; timestamp: number }): this {
    this.#unloaded.push(module);
    return this;
  }

  thread(thread: SynthThread): this {
    this.#threads?.push(thread);
    return this;
  }

  /** Memory beside the stacks. */
  memory(address: bigint, bytes: Uint8Array): this {
    this.#memory.push({ address, bytes });
    return this;
  }

  /** Puts all memory, stacks too, into a Memory64List, as full-memory dumps do. */
  asMemory64(): this {
    this.#memory64 = true;
    return this;
  }

  exception(exception: SynthException): this {
    this.#exception = exception;
    return this;
  }

  misc(misc: { pid: number; createTimeSeconds: number }): this {
    this.#misc = misc;
    return this;
  }

  breakpadInfo(info: { dumpThreadId: number; requestingThreadId: number }): this {
    this.#breakpad = info;
    return this;
  }

  /** Crashpad's process-wide simple annotations. */
  crashpadAnnotations(annotations: Readonly<Record<string, string>>): this {
    this.#crashpad = annotations;
    return this;
  }

  /** Crashpad's annotations of one module. */
  crashpadModule(annotations: SynthModuleAnnotations): this {
    this.#crashpad ??= {};
    this.#crashpadModules.push(annotations);
    return this;
  }

  /** A file of Linux as text. */
  linuxText(kind: keyof typeof LINUX_TEXT, text: string): this {
    return this.stream(LINUX_TEXT[kind], new TextEncoder().encode(text));
  }

  /** MemoryInfoList: state 0x1000 is committed; protection as Windows numbers it. */
  memoryInfo(regions: readonly { start: bigint; size: bigint; state: number; protection: number }[]): this {
    return this.#prepare(16, (out) => () => {
      out.u32(16).u32(48).u64(BigInt(regions.length));
      for (const r of regions)
        out.u64(r.start).u64(r.start).u32(r.protection).u32(0).u64(r.size).u32(r.state).u32(r.protection).u32(0x20000).u32(0);
    });
  }

  /** HandleData; object names are written to show that nobody reads them. */
  handles(handles: readonly { type: string; object?: string }[]): this {
    return this.#prepare(12, (out) => {
      const names = handles.map((h) => [placeString(out, h.type), h.object === undefined ? 0 : placeString(out, h.object)] as const);
      return () => {
        out.u32(16).u32(40).u32(handles.length).u32(0);
        for (const [i, [type, object]] of names.entries()) {
          out
            .u64(BigInt(4 * i))
            .u32(type)
            .u32(object)
            .zeros(8)
            .u32(1)
            .u32(1)
            .zeros(8);
        }
      };
    });
  }

  /** Mozilla's macOS crash messages; the fixed part has the size of the version. */
  macCrashInfo(records: readonly { version: number; numbers?: readonly bigint[]; texts?: readonly string[] }[], fixedBytes = 40): this {
    return this.#prepare(0x4d7a0001, (out) => {
      const places = records.map((record) => {
        const at = out.align(8).size;
        out.u64(0x4d7a0001n).u64(BigInt(record.version));
        for (const value of record.numbers ?? []) out.u64(value);
        out.zeros(Math.max(0, at + fixedBytes - out.size));
        for (const text of record.texts ?? []) out.bytes(new TextEncoder().encode(text)).u8(0);
        return { at, size: out.size - at };
      });
      return () => {
        out.u32(0x4d7a0001).u32(records.length).u32(fixedBytes);
        for (let i = 0; i < 20; i++) out.u32(places[i]?.size ?? 0).u32(places[i]?.at ?? 0);
      };
    });
  }

  macBootArgs(text: string): this {
    return this.#prepare(0x4d7a0002, (out) => {
      const at = placeString(out, text);
      return () => out.u32(0x4d7a0002).u64(BigInt(at));
    });
  }

  threadInfo(infos: readonly { id: number; flags?: number; startAddress: bigint }[]): this {
    return this.#prepare(17, (out) => () => {
      out.u32(12).u32(64).u32(infos.length);
      for (const info of infos) {
        out
          .u32(info.id)
          .u32(info.flags ?? 0)
          .zeros(40)
          .u64(info.startAddress)
          .u64(0n);
      }
    });
  }

  #prepare(type: number, prepare: (out: ByteBuilder) => Writer): this {
    this.#prepared.push({ type, prepare });
    return this;
  }

  /** Any further stream, verbatim. */
  stream(type: number, bytes: Uint8Array): this {
    this.#streams.push({ type, bytes });
    return this;
  }

  /** Leaves a whole stream out. */
  without(stream: "systemInfo" | "threads" | "modules"): this {
    if (stream === "systemInfo") this.#withSystemInfo = false;
    else if (stream === "threads") this.#threads = null;
    else this.#modules = null;
    return this;
  }

  build(): Uint8Array {
    const out = new ByteBuilder(this.#littleEndian);
    const streams: { type: number; write: Writer }[] = [];
    if (this.#withSystemInfo) streams.push({ type: 7, write: () => this.#writeSystemInfo(out, laterStrings) });
    const stacks: { address: bigint; size: number; rva: number }[] = [];
    const laterStrings: { at: number; text: string; wide64?: boolean }[] = [];

    // Header and directory have fixed places; what the streams refer to is written before the streams themselves.
    const extra =
      (this.#threads ? 1 : 0) +
      (this.#modules ? 1 : 0) +
      (this.#unloaded.length > 0 ? 1 : 0) +
      (this.#exception ? 1 : 0) +
      (this.#misc ? 1 : 0) +
      (this.#breakpad ? 1 : 0) +
      (this.#crashpad ? 1 : 0) +
      ((this.#threads ?? []).some((t) => t.name !== undefined) ? 1 : 0) +
      1 +
      this.#prepared.length +
      this.#streams.length;
    const count = streams.length + extra;
    out.bytes(this.#fourcc("MDMP")).u32(0xa793).u32(count).u32(32).u32(0).u32(this.#timestampSeconds).u64(0n);
    out.zeros(count * 12);

    const contexts = new Map<SynthThread, { size: number; rva: number }>();
    const stackRvas = new Map<SynthThread, number>();
    for (const thread of this.#threads ?? []) {
      if (thread.stack && !this.#memory64) {
        const bytes = thread.stack.toBytes(this.#littleEndian);
        out.align(8);
        stacks.push({ address: thread.stack.base, size: bytes.length, rva: out.size });
        stackRvas.set(thread, out.size);
        out.bytes(bytes);
      }
      if (!thread.noContext) contexts.set(thread, this.#writeContext(out, thread.registers ?? {}, thread.stack));
    }

    if (this.#threads) streams.push({ type: 3, write: () => this.#writeThreads(out, contexts, stackRvas) });
    if (this.#modules) streams.push({ type: 4, write: () => this.#writeModules(out, laterStrings) });
    if (this.#unloaded.length > 0) streams.push({ type: 14, write: () => this.#writeUnloaded(out, laterStrings) });
    if (this.#exception) {
      const exception = this.#exception;
      const thread = this.#threads?.find((t) => t.id === exception.threadId);
      const context = exception.registers
        ? this.#writeContext(out, exception.registers, thread?.stack)
        : ((thread && contexts.get(thread)) ?? { size: 0, rva: 0 });
      streams.push({ type: 6, write: () => this.#writeException(out, exception, context) });
    }
    const misc = this.#misc;
    if (misc) streams.push({ type: 15, write: () => out.u32(24).u32(3).u32(misc.pid).u32(misc.createTimeSeconds).u32(0).u32(0) });
    const breakpad = this.#breakpad;
    if (breakpad) streams.push({ type: 0x47670001, write: () => out.u32(3).u32(breakpad.dumpThreadId).u32(breakpad.requestingThreadId) });
    if (this.#crashpad) streams.push(this.#crashpadStream(out, this.#crashpad));
    if ((this.#threads ?? []).some((t) => t.name !== undefined)) {
      streams.push({ type: 24, write: () => this.#writeThreadNames(out, laterStrings) });
    }
    if (this.#memory64) streams.push({ type: 9, write: () => this.#writeMemory64(out) });
    else streams.push(this.#memoryStream(out, stacks));
    for (const stream of this.#prepared) streams.push({ type: stream.type, write: stream.prepare(out) });
    for (const stream of this.#streams) streams.push({ type: stream.type, write: () => out.bytes(stream.bytes) });

    streams.forEach((stream, i) => {
      out.align(8);
      const start = out.size;
      const recordBytes = stream.write();
      out.patchU32(32 + i * 12, stream.type);
      out.patchU32(32 + i * 12 + 4, typeof recordBytes === "number" ? recordBytes : out.size - start);
      out.patchU32(32 + i * 12 + 8, start);
    });
    for (const later of laterStrings) {
      out.align(4);
      if (later.wide64) out.patchU64(later.at, BigInt(out.size));
      else out.patchU32(later.at, out.size);
      writeMinidumpString(out, later.text);
    }
    return out.toBytes();
  }

  #fourcc(text: string): Uint8Array {
    const bytes = Uint8Array.from(text, (c) => c.charCodeAt(0));
    return this.#littleEndian ? bytes : bytes.reverse();
  }

  #regions(): { address: bigint; bytes: Uint8Array }[] {
    const regions = (this.#threads ?? []).flatMap((t) =>
      t.stack ? [{ address: t.stack.base, bytes: t.stack.toBytes(this.#littleEndian) }] : [],
    );
    return [...regions, ...this.#memory];
  }

  #writeSystemInfo(out: ByteBuilder, strings: { at: number; text: string }[]): void {
    out.u16(ARCHITECTURE[this.#cpu]).u16(6).u16(0x5502).u8(this.#processors).u8(1);
    out.u32(this.#osVersion[0]).u32(this.#osVersion[1]).u32(this.#osVersion[2]).u32(this.#platform);
    strings.push({ at: out.size, text: this.#osText });
    out.u32(0).u32(0);
    if (this.#cpu === "amd64" || this.#cpu === "x86") {
      out.bytes(new TextEncoder().encode("GenuineIntel")).zeros(12);
    } else {
      out.zeros(24);
    }
  }

  #writeThreads(
    out: ByteBuilder,
    contexts: ReadonlyMap<SynthThread, { size: number; rva: number }>,
    stackRvas: ReadonlyMap<SynthThread, number>,
  ): void {
    const threads = this.#threads ?? [];
    out.u32(threads.length);
    for (const thread of threads) {
      const size = thread.stack ? thread.stack.toBytes(this.#littleEndian).length : 0;
      const context = contexts.get(thread) ?? { size: 0, rva: 0 };
      out
        .u32(thread.id)
        .u32(0)
        .u32(0)
        .u32(0)
        .u64(thread.teb ?? 0n);
      out.u64(thread.stack?.base ?? 0n).u32(this.#memory64 ? 0 : size);
      out.u32(stackRvas.get(thread) ?? 0);
      out.u32(context.size).u32(context.rva);
    }
  }

  #writeModules(out: ByteBuilder, strings: { at: number; text: string }[]): number {
    const modules = this.#modules ?? [];
    out.u32(modules.length);
    const records: { at: number; bytes: Uint8Array }[] = [];
    for (const module of modules) {
      out
        .u64(module.base)
        .u32(module.size)
        .u32(0)
        .u32(module.timestamp ?? 0);
      strings.push({ at: out.size, text: module.name });
      out.u32(0);
      if (module.version) {
        const [a, b, c, d] = module.version;
        out.u32(0xfeef04bd).u32(0x10000);
        out
          .u32(a * 0x10000 + b)
          .u32(c * 0x10000 + d)
          .u32(a * 0x10000 + b)
          .u32(c * 0x10000 + d);
        out.zeros(28);
      } else {
        out.zeros(52);
      }
      const record = codeViewRecord(module, this.#littleEndian);
      if (record) records.push({ at: out.size, bytes: record });
      out.zeros(8 + 8 + 16);
    }
    for (const record of records) {
      out.align(4);
      out.patchU32(record.at, record.bytes.length);
      out.patchU32(record.at + 4, out.size);
      out.bytes(record.bytes);
    }
    return 4 + modules.length * 108;
  }

  #writeUnloaded(out: ByteBuilder, strings: { at: number; text: string }[]): void {
    out.u32(12).u32(24).u32(this.#unloaded.length);
    for (const module of this.#unloaded) {
      out.u64(module.base).u32(module.size).u32(0).u32(module.timestamp);
      strings.push({ at: out.size, text: module.name });
      out.u32(0);
    }
  }

  #writeException(out: ByteBuilder, exception: SynthException, context: { size: number; rva: number }): void {
    const information = exception.information ?? [];
    out
      .u32(exception.threadId)
      .u32(0)
      .u32(exception.code)
      .u32(exception.flags ?? 0)
      .u64(0n)
      .u64(exception.address);
    out.u32(information.length).u32(0);
    for (let i = 0; i < 15; i++) out.u64(information[i] ?? 0n);
    out.u32(context.size).u32(context.rva);
  }

  #writeThreadNames(out: ByteBuilder, strings: { at: number; text: string; wide64?: boolean }[]): void {
    const named = (this.#threads ?? []).filter((t) => t.name !== undefined);
    out.u32(named.length);
    for (const thread of named) {
      out.u32(thread.id);
      strings.push({ at: out.size, text: thread.name ?? "", wide64: true });
      out.u64(0n);
    }
  }

  #memoryStream(out: ByteBuilder, stacks: readonly { address: bigint; size: number; rva: number }[]): { type: number; write: Writer } {
    const blocks = this.#memory.map((m) => {
      out.align(8);
      const rva = out.size;
      out.bytes(m.bytes);
      return { address: m.address, size: m.bytes.length, rva };
    });
    const all = [...stacks, ...blocks];
    return {
      type: 5,
      write: () => {
        out.u32(all.length);
        for (const block of all) out.u64(block.address).u32(block.size).u32(block.rva);
      },
    };
  }

  #writeMemory64(out: ByteBuilder): number {
    const regions = this.#regions();
    out.u64(BigInt(regions.length)).u64(BigInt(out.size + 8 + regions.length * 16));
    for (const region of regions) out.u64(region.address).u64(BigInt(region.bytes.length));
    for (const region of regions) out.bytes(region.bytes);
    return 16 + regions.length * 16;
  }

  #crashpadStream(out: ByteBuilder, annotations: Readonly<Record<string, string>>): { type: number; write: Writer } {
    const process = placeDictionary(out, annotations);
    const modules = this.#crashpadModules.map((module) => {
      const texts = (module.list ?? []).map((text) => writeUtf8String(out, text));
      const list = { at: out.align(4).size, size: 4 + texts.length * 4 };
      out.u32(texts.length);
      for (const at of texts) out.u32(at);
      const simple = placeDictionary(out, module.simple ?? {});
      const entries = Object.entries(module.objects ?? {}).map(([name, value]) => ({
        name: writeUtf8String(out, name),
        type: typeof value === "string" ? 1 : value.type,
        value: typeof value === "string" ? writeUtf8String(out, value) : writeByteArray(out, value.bytes),
      }));
      const objects = { at: out.align(4).size, size: 4 + entries.length * 12 };
      out.u32(entries.length);
      for (const entry of entries) out.u32(entry.name).u16(entry.type).u16(0).u32(entry.value);
      const at = out.size;
      out.u32(1);
      for (const part of [list, simple, objects]) out.u32(part.size).u32(part.at);
      return { moduleIndex: module.moduleIndex, at, size: 28 };
    });
    const list = { at: out.size, size: 4 + modules.length * 12 };
    if (modules.length > 0) {
      out.u32(modules.length);
      for (const module of modules) out.u32(module.moduleIndex).u32(module.size).u32(module.at);
    }
    const modulesPlace = modules.length > 0 ? list : { at: 0, size: 0 };
    return {
      type: 0x43500001,
      write: () =>
        out.u32(1).bytes(REPORT_ID).bytes(CLIENT_ID).u32(process.size).u32(process.at).u32(modulesPlace.size).u32(modulesPlace.at),
    };
  }

  #writeContext(
    out: ByteBuilder,
    registers: Readonly<Record<string, bigint | LabelRef>>,
    stack: SynthStack | undefined,
  ): { size: number; rva: number } {
    out.align(16);
    const rva = out.size;
    const layout = CONTEXT[this.#cpu];
    const bytes = new Uint8Array(layout.size);
    const view = new DataView(bytes.buffer);
    if (layout.flagsBytes === 8) view.setBigUint64(layout.flagsAt, BigInt(layout.flags), this.#littleEndian);
    else view.setUint32(layout.flagsAt, layout.flags, this.#littleEndian);
    for (const [name, given] of Object.entries(registers)) {
      const at = layout.at.get(name);
      if (at === undefined) throw new Error(`synthDump: ${this.#cpu} has no register "${name}"`);
      const value = typeof given === "bigint" ? given : required(stack, given.label).addressOf(given.label);
      if (layout.registerBytes === 8 && !layout.narrow.has(name)) view.setBigUint64(at, BigInt.asUintN(64, value), this.#littleEndian);
      else view.setUint32(at, Number(value & 0xffffffffn), this.#littleEndian);
    }
    out.bytes(bytes);
    return { size: layout.size, rva };
  }
}

/** Starts a dump; big-endian ones (byte-swapped throughout) on request. */
export function synthDump(options: { littleEndian?: boolean } = {}): SynthDump {
  return new SynthDump(options.littleEndian ?? true);
}

function required(stack: SynthStack | undefined, label: string): SynthStack {
  if (!stack) throw new Error(`synthDump: label "${label}" of a thread without a stack`);
  return stack;
}

function writeMinidumpString(out: ByteBuilder, text: string): void {
  out.u32(text.length * 2);
  for (let i = 0; i < text.length; i++) out.u16(text.charCodeAt(i));
  out.u16(0);
}

/** What Crashpad calls the report and the installation: 16 bytes each. */
const REPORT_ID = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
const CLIENT_ID = new Uint8Array(16).fill(0xc1);

/** Writes a UTF-16 string where the builder stands; returns its offset. */
function placeString(out: ByteBuilder, text: string): number {
  const at = out.align(4).size;
  writeMinidumpString(out, text);
  return at;
}

function placeDictionary(out: ByteBuilder, annotations: Readonly<Record<string, string>>): { at: number; size: number } {
  const entries = Object.entries(annotations).map(([key, value]) => ({
    key: writeUtf8String(out, key),
    value: writeUtf8String(out, value),
  }));
  const at = out.align(4).size;
  out.u32(entries.length);
  for (const entry of entries) out.u32(entry.key).u32(entry.value);
  return { at, size: out.size - at };
}

function writeByteArray(out: ByteBuilder, bytes: Uint8Array): number {
  const at = out.align(4).size;
  out.u32(bytes.length).bytes(bytes);
  return at;
}

function writeUtf8String(out: ByteBuilder, text: string): number {
  out.align(4);
  const at = out.size;
  const bytes = new TextEncoder().encode(text);
  out.u32(bytes.length).bytes(bytes).u8(0);
  return at;
}

function codeViewRecord(module: SynthModule, littleEndian: boolean): Uint8Array | null {
  const out = new ByteBuilder(littleEndian);
  if (module.buildId !== undefined) {
    return out.u32(0x4270454c).bytes(fromHex(module.buildId)).toBytes();
  }
  if (module.pdb20) {
    const { timestamp, age, file } = module.pdb20;
    return out.u32(0x3031424e).u32(0).u32(timestamp).u32(age).bytes(new TextEncoder().encode(file)).u8(0).toBytes();
  }
  if (module.pdb) {
    const guid = fromHex(module.pdb.guid.replaceAll("-", ""));
    if (guid.length !== 16) throw new Error("synthDump: a guid has 32 hex digits");
    const view = new DataView(guid.buffer);
    out.u32(0x53445352).u32(view.getUint32(0)).u16(view.getUint16(4)).u16(view.getUint16(6)).bytes(guid.subarray(8));
    return out.u32(module.pdb.age).bytes(new TextEncoder().encode(module.pdb.file)).u8(0).toBytes();
  }
  return null;
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

type ContextLayout = {
  size: number;
  flagsAt: number;
  flagsBytes: 4 | 8;
  flags: number;
  registerBytes: 4 | 8;
  at: ReadonlyMap<string, number>;
  /** Registers of 4 bytes in a context of 8-byte ones. */
  narrow: ReadonlySet<string>;
};

function row(names: readonly string[], start: number, step: number): [string, number][] {
  return names.map((name, i) => [name, start + i * step]);
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

const CONTEXT: Readonly<Record<SynthCpu, ContextLayout>> = {
  amd64: {
    size: 1232,
    flagsAt: 0x30,
    flagsBytes: 4,
    flags: 0x10000f,
    registerBytes: 8,
    at: new Map([
      ...row(["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", ...numbered("r", 16).slice(8), "rip"], 0x78, 8),
      ["eflags", 0x44],
    ]),
    narrow: new Set(["eflags"]),
  },
  x86: {
    size: 716,
    flagsAt: 0,
    flagsBytes: 4,
    flags: 0x1003f,
    registerBytes: 4,
    at: new Map([...row(["edi", "esi", "ebx", "edx", "ecx", "eax", "ebp", "eip"], 0x9c, 4), ["eflags", 0xc0], ["esp", 0xc4]]),
    narrow: new Set(),
  },
  arm64: {
    size: 912,
    flagsAt: 0,
    flagsBytes: 4,
    flags: 0x400007,
    registerBytes: 8,
    at: new Map([...row([...numbered("x", 29), "fp", "lr", "sp", "pc"], 8, 8), ["cpsr", 4]]),
    narrow: new Set(["cpsr"]),
  },
  arm64_old: {
    size: 796,
    flagsAt: 0,
    flagsBytes: 8,
    flags: 0x80000006,
    registerBytes: 8,
    at: new Map([...row([...numbered("x", 29), "fp", "lr", "sp", "pc"], 8, 8), ["cpsr", 272]]),
    narrow: new Set(["cpsr"]),
  },
  arm: {
    size: 368,
    flagsAt: 0,
    flagsBytes: 4,
    flags: 0x40000006,
    registerBytes: 4,
    at: new Map([...row([...numbered("r", 13), "sp", "lr", "pc", "cpsr"], 4, 4)]),
    narrow: new Set(),
  },
  mips: mipsLayout(0x40000),
  mips64: mipsLayout(0x80000),
  riscv64: {
    size: 0x210,
    flagsAt: 0,
    flagsBytes: 4,
    flags: 0x8000003,
    registerBytes: 8,
    at: new Map(row(["pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "fp", "s1"], 8, 8)),
    narrow: new Set(),
  },
  ppc: {
    size: 0x340,
    flagsAt: 0,
    flagsBytes: 4,
    flags: 0x20000001,
    registerBytes: 4,
    at: new Map(row(["srr0", "srr1", ...numbered("r", 32), "cr", "xer", "lr", "ctr"], 4, 4)),
    narrow: new Set(),
  },
  ppc64: {
    size: 0x460,
    flagsAt: 0,
    flagsBytes: 8,
    flags: 0x1000001,
    registerBytes: 8,
    at: new Map(row(["srr0", "srr1", ...numbered("r", 32), "cr", "xer", "lr", "ctr"], 8, 8)),
    narrow: new Set(),
  },
  sparc: {
    size: 0x250,
    flagsAt: 0,
    flagsBytes: 4,
    flags: 0x10000001,
    registerBytes: 8,
    at: new Map([...row(numbered("g", 8), 8, 8), ["sp", 8 + 14 * 8], ["fp", 8 + 30 * 8], ["pc", 0x110], ["npc", 0x118]]),
    narrow: new Set(),
  },
};

/** MIPS: flags, general registers, multiplier and DSP registers, then the program counter. */
function mipsLayout(flags: number): ContextLayout {
  const at = new Map([...row(["zero", "at", "v0", "v1", "a0", "a1", "a2", "a3"], 8, 8), ["sp", 8 + 29 * 8], ["fp", 8 + 30 * 8]]);
  at.set("ra", 8 + 31 * 8).set("pc", 8 + 32 * 8 + 2 * 8 + 2 * 12 + 8);
  return { size: 0x268, flagsAt: 0, flagsBytes: 4, flags, registerBytes: 8, at, narrow: new Set() };
}
