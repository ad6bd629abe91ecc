/** Gathers the facts of the fault for the recognisers of causes. */

import { baseName } from "../bytes/text.ts";
import { findBitFlips } from "../cause/bit-flips.ts";
import type { CauseInput } from "../cause/cause.ts";
import { hidesAddress } from "../cause/memory-fault.ts";
import { thrownType } from "../cause/thrown-type.ts";
import { WINDOWS_CODE } from "../cause/windows-reason.ts";
import type { Disassemble } from "../cpu/instruction.ts";
import type { Dump } from "../minidump/read-dump.ts";
import type { Walk } from "../unwind/walk.ts";
import { faultingInstruction } from "./faulting-instruction.ts";
import type { Images } from "./images.ts";
import { keyName } from "./key-name.ts";
import { maskUserNames } from "./mask-paths.ts";
import type { Report, ReportFrame, ReportThread } from "./report.ts";

export function causeInput(
  dump: Dump,
  images: Images,
  crash: { reason: string | null; address: bigint | null; assertion: Report["crash_info"]["assertion"] },
  walk: Walk | null,
  thread: ReportThread | null,
  disassemble: Disassemble | undefined,
): CauseInput {
  const innermost = walk?.frames[0]?.frame ?? null;
  const captured = dump.crashingThread === null ? undefined : dump.threads[dump.crashingThread];
  const trusted = (thread?.frames ?? []).filter((frame) => frame.trust !== "scan" && frame.trust !== "none");
  const { exception } = dump;
  const pointerBytes = dump.cpu?.pointerBytes ?? 8;
  const registers = innermost?.registers ?? new Map<string, bigint>();
  const code = (address: bigint, maxBytes: number): Uint8Array | null => {
    const captured = dump.memory.bytes(address, maxBytes);
    return captured?.length === maxBytes ? captured : (images.code(address, maxBytes) ?? captured);
  };
  const decoded = faultingInstruction(dump, crash, walk, code, disassemble);
  const { fault } = decoded;
  const access = accessOf(dump) ?? fault?.access ?? null;
  return {
    os: dump.system.os,
    cpu: dump.system.cpu,
    pointerBytes,
    // A stream that is listed and cannot be read is no sign that nothing crashed.
    crashed: exception !== null || dump.form === "microdump" || dump.warnings.list.some(({ stream }) => stream === "Exception"),
    ...crash,
    parameters: exception?.information ?? [],
    registers,
    access,
    ...decoded,
    ip: innermost?.lookupAddress ?? null,
    sp: dump.cpu && innermost ? (innermost.registers.get(dump.cpu.sp) ?? null) : null,
    ipInModule: innermost !== null && images.inModule(innermost.lookupAddress),
    stack:
      captured && captured.stackSize > 0 ? { start: captured.stackStart, end: captured.stackStart + BigInt(captured.stackSize) } : null,
    totalFrames: walk?.totalFrames ?? 0,
    functions: functionsOf(trusted),
    region: (address) => dump.regions.at(address),
    module: (address) => {
      const found = images.moduleAt(address);
      return found && baseName(found.codeFile);
    },
    word: (address, wordBytes) => dump.memory.word(address, wordBytes),
    unloaded: (address) => {
      const found = dump.unloadedModules.find((m) => address >= m.base && address < m.base + BigInt(m.size));
      return found ? baseName(found.name) : null;
    },
    notes: notesOf(dump),
    thrownType:
      exception && dump.system.os === "windows" ? thrownType(exception.code, exception.information, pointerBytes, dump.memory) : null,
    bitFlips: bitFlipsOf(dump, crash, access, decoded, registers),
  };
}

/** A recursion names few functions many times. */
function functionsOf(frames: readonly ReportFrame[]): string[] {
  const names = frames.flatMap((frame) => [...(frame.inlines ?? []).map((inline) => inline.function), frame.function]);
  return [...new Set(names)].filter((name) => name !== null).map(keyName);
}

/** More would only repeat; a dump may carry thousands of annotations. */
const MAX_NOTES = 1000;
const MAX_NOTE_CHARACTERS = 1000;

/** What the process told first, then its modules, then the system's libraries on macOS. */
function notesOf(dump: Dump): CauseInput["notes"] {
  const all: { key: string; text: string }[] = [];
  const { crashpad } = dump;
  const put = (annotations: ReadonlyMap<string, string>): void => {
    for (const [key, text] of annotations) all.push({ key, text });
  };
  if (crashpad) put(crashpad.annotations);
  for (const module of crashpad?.modules ?? []) {
    put(module.simple);
    put(module.objects);
    all.push(...module.list.map((text) => ({ key: "", text })));
  }
  for (const record of dump.mac.crashRecords ?? []) {
    for (const text of [record.message, record.message2]) if (text !== null) all.push({ key: "", text });
  }
  return all.slice(0, MAX_NOTES).map(({ key, text }) => ({ key, text: maskUserNames(text.slice(0, MAX_NOTE_CHARACTERS)) }));
}

/** Asked only where pointers have 64 bits and the dump lists its memory. */
function bitFlipsOf(
  dump: Dump,
  crash: { reason: string | null; address: bigint | null },
  access: CauseInput["access"],
  { fault }: Pick<CauseInput, "fault">,
  registers: ReadonlyMap<string, bigint>,
): CauseInput["bitFlips"] {
  // Where the system has no address to tell, the instruction may.
  const hidden = hidesAddress({ cpu: dump.system.cpu, os: dump.system.os, ...crash });
  const address = hidden && fault !== null ? fault.address : crash.address;
  if (address === null || dump.cpu?.pointerBytes !== 8 || dump.regions.regions.length === 0) return [];
  return findBitFlips({
    address,
    amd64: dump.cpu.name === "amd64",
    registers,
    accessible: (at) => {
      const region = dump.regions.at(at);
      if (region === null || !region.committed || region.guard) return false;
      return access === "write" || access === "read_write" ? region.write : access === "execute" ? region.execute : true;
    },
  });
}

/** Windows states what was tried: parameter 0 of an access violation. */
function accessOf(dump: Dump): CauseInput["access"] {
  if (dump.system.os !== "windows" || dump.exception?.code !== WINDOWS_CODE.accessViolation) return null;
  switch (dump.exception.information[0]) {
    case 0n:
      return "read";
    case 1n:
      return "write";
    case 8n:
      return "execute";
    default:
      return null;
  }
}
