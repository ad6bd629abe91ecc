/**
 * Breakpad's microdump: a crash as text lines in Android's log, for devices that keep no files. Turned into the same Dump as a minidump.
 *
 *   W/google-breakpad( 3728): -----BEGIN BREAKPAD MICRODUMP-----
 *   V WebView:48.0.2564.106                         product and version
 *   O A arm64 02 aarch64 OS 64 VERSION INFO         A (Android) or L, processor, count of processors in hex, machine, system's version
 *   G OpenGL ES 3.0 …|Qualcomm|Adreno               graphics: version, vendor, renderer
 *   P … / R reason / X …                            process type; crash reason: "R <signal hex> <signal name> <address hex>" of newer writers
 *   S 0 0000007FE2BA6120 0000007FE2BA6000 00003000  stack pointer, start and size of what follows
 *   S 0000007FE2BA6000 0700…                        an address and bytes
 *   C 0600008000…                                   the processor's context, bytes
 *   M 000000555F608000 0000000000000000 00000000000C0000 D6D1FEC9A15DE7F38A236898871A2E770 breakpad_unittests
 *                                                   a module: base, offset in its file, size, debug id, name
 *   -----END BREAKPAD MICRODUMP-----
 *
 * In the wild: log prefixes of several forms, lines of other programs between, logs that start in the middle of a microdump, several
 * microdumps in one log (the last whole one is read), "UNKNOWN" for what the writer could not tell, ids whose GUID is not
 * byte-swapped back (they are as in minidumps of Linux).
 */
import { BufferSource, type ByteSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { decodeUtf8 } from "../bytes/text.ts";
import { type CpuName, type Registers, readContext } from "../cpu/cpu.ts";
import { cpuByName } from "../cpu/index.ts";
import { MAX_MODULES } from "./constants.ts";
import type { ExceptionRecord } from "./exception.ts";
import { Memory, type MemoryRange } from "./memory.ts";
import { MemoryRegions } from "./memory-regions.ts";
import type { Module } from "./modules.ts";
import type { Dump } from "./read-dump.ts";
import type { SystemInfo } from "./system-info.ts";
import { Warnings } from "./warnings.ts";

const BEGIN = "-----BEGIN BREAKPAD MICRODUMP-----";
const END = "-----END BREAKPAD MICRODUMP-----";
/** A log longer than this is searched in its last part only. */
const MAX_LOG_BYTES = 16 * 1024 * 1024;
const SNIFF_BYTES = 64 * 1024;
/** The one thread that a microdump has; it carries no id. */
const THREAD_ID = 0;

const CPU: ReadonlyMap<string, CpuName> = new Map([
  ["arm", "arm"],
  ["arm64", "arm64"],
  ["aarch64", "arm64"],
  ["x86", "x86"],
  ["x86_64", "amd64"],
  ["mips", "mips"],
  ["mips64", "mips64"],
  ["riscv64", "riscv64"],
]);

/** Whether bytes that are no minidump look like a log with a microdump. */
export function looksLikeMicrodump(source: ByteSource): boolean {
  const head = source.read(0, Math.min(source.size, SNIFF_BYTES));
  if (head.includes(0)) return false;
  const text = decodeUtf8(head);
  return text.includes(BEGIN) || text.includes(END) || /google-breakpad/.test(text);
}

/** Throws FormatError when the text holds no microdump. */
export function readMicrodump(source: ByteSource): Dump {
  const start = Math.max(0, source.size - MAX_LOG_BYTES);
  const lines = lastMicrodump(decodeUtf8(source.read(start, source.size - start)), start);
  const warnings = new Warnings();
  const found = new Collected(warnings);
  for (const line of lines) found.take(line);
  return found.toDump();
}

/** Lines between the last BEGIN that has an END and that END, without what the log puts before them. */
function lastMicrodump(text: string, offset: number): string[] {
  const end = text.lastIndexOf(END);
  const begin = end < 0 ? text.lastIndexOf(BEGIN) : text.lastIndexOf(BEGIN, end);
  if (begin < 0 && end < 0) throw new FormatError("microdump", offset, `no line "${BEGIN}"`);
  const lineStart = text.lastIndexOf("\n", Math.max(begin, 0)) + 1;
  const prefix = begin < 0 ? null : logPrefix(text.slice(lineStart, begin));
  const part = text.slice(begin < 0 ? 0 : begin + BEGIN.length, end < 0 ? text.length : end);
  return part
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => prefix === null || prefix === "" || line.includes(prefix))
    .map((line) => (prefix ? line.slice(line.indexOf(prefix) + prefix.length) : afterColon(line)));
}

/** The part of a log line's start that is the same for all lines of one process: "google-breakpad( 3728): ". */
function logPrefix(before: string): string {
  const tag = before.lastIndexOf("google-breakpad");
  return tag < 0 ? before : before.slice(tag);
}

function afterColon(line: string): string {
  return /^.*?google-breakpad[^:]*: (.*)$/.exec(line)?.[1] ?? line;
}

class Collected {
  readonly #warnings: Warnings;
  readonly #modules: Module[] = [];
  readonly #stack: { address: bigint; bytes: Uint8Array }[] = [];
  #context: Uint8Array | null = null;
  #system: { android: boolean; cpu: string; count: number; version: string } | null = null;
  #reason: { signal: number; address: bigint } | null = null;
  #stackRange: { start: bigint; size: number } | null = null;

  constructor(warnings: Warnings) {
    this.#warnings = warnings;
  }

  take(line: string): void {
    const words = line.slice(2).split(" ");
    const known = line.length > 2 && line[1] === " ";
    if (!known) return;
    switch (line[0]) {
      case "O":
        this.#takeSystem(words);
        break;
      case "R":
        this.#takeReason(words);
        break;
      case "S":
        this.#takeStack(words);
        break;
      case "C":
        this.#context = hexBytes(words[0]);
        if (this.#context === null) this.#warnings.add("microdump", null, "the context is no hex text");
        break;
      case "M":
        this.#takeModule(words);
        break;
    }
  }

  #takeSystem([kind, cpu, count, _machine, ...version]: string[]): void {
    const processors = Number.parseInt(count ?? "", 16);
    this.#system = { android: kind === "A", cpu: cpu ?? "", count: Number.isNaN(processors) ? 0 : processors, version: version.join(" ") };
  }

  #takeReason([signal, _name, address]: string[]): void {
    const code = hexNumber(signal);
    if (code !== null && code <= 0xffffffffn) this.#reason = { signal: Number(code), address: hexNumber(address) ?? 0n };
  }

  #takeStack(words: string[]): void {
    if (words[0] === "0" && words.length >= 4) {
      const start = hexNumber(words[2]);
      const size = hexNumber(words[3]);
      if (start !== null && size !== null && size <= 0xffffffffn) this.#stackRange = { start, size: Number(size) };
      return;
    }
    const address = hexNumber(words[0]);
    const bytes = hexBytes(words[1]);
    if (address === null || bytes === null) this.#warnings.add("microdump", null, "a line of the stack is no hex text");
    else this.#stack.push({ address, bytes });
  }

  #takeModule(words: string[]): void {
    const base = hexNumber(words[0]);
    const size = hexNumber(words[2]);
    const id = words[3] ?? "";
    const name = words.slice(4).join(" ");
    if (base === null || size === null || size > 0xffffffffn || !/^[0-9A-Fa-f]{32,40}$/.test(id) || this.#modules.length >= MAX_MODULES) {
      this.#warnings.add("microdump", null, "a line of a module is damaged");
      return;
    }
    const debugId = /^0+$/.test(id) ? null : id.slice(0, 32).toUpperCase() + id.slice(32).toLowerCase();
    const ids = { codeFile: name, debugFile: name, debugId, codeId: null };
    this.#modules.push({ index: this.#modules.length, base, size: Number(size), version: null, ...ids });
  }

  toDump(): Dump {
    const warnings = this.#warnings;
    const system = this.#systemInfo();
    const cpu = cpuByName(system.cpu);
    if (this.#context === null) warnings.add("microdump", null, "there is no context");
    const context = this.#context;
    const registers =
      cpu === null || context === null
        ? null
        : warnings.guard<Registers | null>("microdump", () => readContext(cpu, context, 0, true), null);
    // Stack lines follow each other; one range for all of them lets the walk read across lines.
    const { ranges, bytes } = joined(this.#stack);
    const memory = new Memory(new BufferSource(bytes), ranges, true);
    const first = ranges[0];
    const reason = this.#reason;
    const exception: ExceptionRecord | null = reason && {
      threadId: THREAD_ID,
      code: reason.signal,
      flags: 0,
      address: reason.address,
      information: [],
      context: null,
    };
    const stackStart = this.#stackRange?.start ?? first?.start ?? 0n;
    return {
      form: "microdump",
      littleEndian: true,
      writtenAtSeconds: null,
      system,
      cpu,
      misc: { pid: null, createTimeSeconds: null },
      modules: this.#modules,
      unloadedModules: [],
      threads: [
        {
          id: THREAD_ID,
          name: null,
          teb: 0n,
          stackStart,
          stackSize: this.#stackRange?.size ?? first?.size ?? 0,
          stackOffset: 0,
          context: null,
        },
      ],
      exception,
      crashingThread: 0,
      memory,
      breakpad: { dumpThreadId: null, requestingThreadId: null },
      assertion: null,
      crashpad: null,
      regions: new MemoryRegions([], null),
      linux: { distribution: null, microcode: null, limits: null, auxv: null, linkMap: null },
      mac: { crashRecords: null, bootArgs: null },
      handles: null,
      handleOperations: null,
      tokens: null,
      memoryFigures: null,
      threadInfos: [],
      functionTables: [],
      comment: null,
      registersOf: (index) => (index === 0 ? registers : null),
      warnings,
    };
  }

  #systemInfo(): SystemInfo {
    if (this.#system === null) this.#warnings.add("microdump", null, "there is no line that names the system");
    const { android, cpu, count, version } = this.#system ?? { android: true, cpu: "", count: 0, version: "" };
    const name = CPU.get(cpu) ?? "unknown";
    return {
      os: android ? "android" : "linux",
      osTitle: android ? "Android" : "Linux",
      osVersion: version === "" ? null : version,
      cpu: name,
      cpuTitle: cpu === "" ? "unknown" : name === "unknown" ? cpu : name,
      cpuCount: count,
      cpuInfo: null,
    };
  }
}

/** Parts that touch become one range; all bytes lie one after the other. */
function joined(parts: readonly { address: bigint; bytes: Uint8Array }[]): { ranges: MemoryRange[]; bytes: Uint8Array } {
  const sorted = [...parts].filter((p) => p.bytes.length > 0).sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
  const bytes = new Uint8Array(sorted.reduce((sum, part) => sum + part.bytes.length, 0));
  const ranges: MemoryRange[] = [];
  let offset = 0;
  for (const part of sorted) {
    bytes.set(part.bytes, offset);
    const last = ranges.at(-1);
    if (last && last.start + BigInt(last.size) === part.address) last.size += part.bytes.length;
    else ranges.push({ start: part.address, size: part.bytes.length, offset });
    offset += part.bytes.length;
  }
  return { ranges, bytes };
}

function hexNumber(text: string | undefined): bigint | null {
  return text !== undefined && /^[0-9A-Fa-f]{1,16}$/.test(text) ? BigInt(`0x${text}`) : null;
}

function hexBytes(text: string | undefined): Uint8Array | null {
  if (text === undefined || text.length % 2 !== 0 || !/^[0-9A-Fa-f]+$/.test(text)) return null;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
  return bytes;
}
