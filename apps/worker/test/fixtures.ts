/** A small program that crashed, and its symbols: the dump is built byte by byte, the debug file written as text. */
import { debugIdFromBuildId } from "@salvage/core";
import { synthDump, synthStack } from "@salvage/testkit/synth-dump";

/** Build id → Breakpad debug id, as a sender's dump and dump_syms state it. */
export function debugIdOf(buildId: string): string {
  const id = debugIdFromBuildId(Buffer.from(buildId, "hex"), true);
  if (id === null) throw new Error(`no debug id from ${buildId}`);
  return id;
}

export type SampleCrash = {
  /** 32 hex digits; another one is another build, so another missing file. */
  buildId?: string;
  /** With it the stack goes on into /opt/app/libengine.so of that build. */
  libraryBuildId?: string;
  /** Makes the bytes of two crashes differ. */
  processId?: number;
};

export const sampleBuildId = "00112233445566778899aabbccddeeff";

/** crash_here called from main, both in /opt/app/app; beside it the C library, which nobody's frame lies in. */
export function sampleDump({ buildId = sampleBuildId, libraryBuildId, processId = 1 }: SampleCrash = {}): Uint8Array {
  const caller = libraryBuildId === undefined ? 0n : 0x501010n;
  const stack = synthStack(0x7ffe00000000n).word(0x402020n).words(2).word(caller).word(0n).word(BigInt(processId)).words(8);
  const dump = synthDump()
    .linux()
    .module({ name: "/opt/app/app", base: 0x400000n, size: 0x10000, buildId })
    .module({ name: "/usr/lib/libc.so.6", base: 0x7f0000000000n, size: 0x10000, buildId: "ff".repeat(16) });
  if (libraryBuildId !== undefined) dump.module({ name: "/opt/app/libengine.so", base: 0x500000n, size: 0x10000, buildId: libraryBuildId });
  return dump
    .thread({ id: 7, registers: { rip: 0x401010n, rsp: 0x7ffe00000000n }, stack })
    .exception({ threadId: 7, code: 11, flags: 1, address: 0n })
    .build();
}

export type SampleSymbols = { buildId?: string; name?: string /** False leaves the unwind rules out. */; unwind?: boolean };

/** Functions, lines and unwind rules for sampleDump. */
export function sampleSymbols({ buildId = sampleBuildId, name = "app", unwind = true }: SampleSymbols = {}): Uint8Array {
  const rules = ["STACK CFI INIT 1000 100 .cfa: $rsp 8 + .ra: .cfa -8 + ^", "STACK CFI INIT 2000 100 .cfa: $rsp 24 + .ra: .cfa -8 + ^"];
  const lines = [
    `MODULE Linux x86_64 ${debugIdOf(buildId)} ${name}`,
    "FILE 0 /src/app/main.c",
    "FUNC 1000 100 0 crash_here",
    "1000 100 42 0",
    "FUNC 2000 100 0 main",
    "2000 100 7 0",
    ...(unwind ? rules : []),
  ];
  return Buffer.from(`${lines.join("\n")}\n`);
}
