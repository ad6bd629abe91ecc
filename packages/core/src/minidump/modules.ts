/**
 * ModuleList and UnloadedModuleList.
 *   module    0 base u64 · 8 size · 12 checksum · 16 time stamp · 20 name (string offset) · 24 fixed file version, 52 bytes (0 signature
 *             0xfeef04bd · 8 file version high · 12 low) · 76 CodeView record size, offset · 84 misc record · 92 reserved, 16 bytes
 *   unloaded  header: 0 header size · 4 entry size · 8 count; entry: 0 base u64 · 8 size · 12 checksum · 16 time stamp · 20 name
 *
 * CodeView record, by its first four bytes:
 *   RSDS  GUID, u32 age, pdb name (UTF-8)                 debug_id = GUID + age
 *   NB10  u32 offset, u32 signature, u32 age, pdb name    debug_id = PDB 2.0 form
 *   LEpB  (u32 0x4270454c) an ELF build id of any length  debug_id = its first 16 bytes as GUID, age 0; code_id = all of it
 *
 * In the wild: old Breakpad on Linux writes RSDS with the id and age 0; all-zero build ids (mapped fonts) name nothing; several
 * modules may claim one address (the first that the list has wins a lookup); Linux paths may end in " (deleted)".
 */
import { baseName, decodeUtf8, toHex } from "../bytes/text.ts";
import { peCodeId } from "../ids/code-id.ts";
import { debugIdFromBuildId, guidFromBytes, printBreakpadId } from "../ids/debug-id.ts";
import type { ModuleIds } from "../process-types.ts";
import { MAX_CODEVIEW_BYTES, MAX_MODULES, MAX_UNLOADED_MODULES } from "./constants.ts";
import type { Minidump } from "./minidump.ts";
import type { Os } from "./system-info.ts";

export type Module = ModuleIds & {
  index: number;
  base: bigint;
  /** Bytes of address space. */
  size: number;
  /** "1.2.3.4" of Windows modules and Crashpad's macOS ones. */
  version: string | null;
};

export type UnloadedModule = { name: string; codeId: string | null; base: bigint; size: number };

const MODULE_BYTES = 108;
const UNLOADED_BYTES = 24;
const FIXED_VERSION_SIGNATURE = 0xfeef04bd;
const CV_RSDS = 0x53445352;
const CV_NB10 = 0x3031424e;
const CV_ELF = 0x4270454c;

export function readModules(dump: Minidump, os: Os): Module[] | null {
  const list = dump.list("moduleList", MODULE_BYTES, MAX_MODULES);
  if (!list) return null;
  const c = list.cursor;
  const modules: Module[] = [];
  for (let i = 0; i < list.count; i++) {
    const at = c.fileOffset;
    const base = c.u64();
    const size = c.u32();
    c.skip(4);
    const timestamp = c.u32();
    const nameOffset = c.u32();
    const signature = c.u32();
    c.skip(4);
    const versionHigh = c.u32();
    const versionLow = c.u32();
    c.skip(36);
    const codeView = { size: c.u32(), offset: c.u32() };
    c.skip(24);
    if (size === 0) {
      dump.warnings.add("ModuleList", at, `module ${i} has no size`);
    }
    const codeFile = dump.warnings.guard("ModuleList", () => dump.utf16String(`ModuleList name of module ${i}`, nameOffset), null) ?? "";
    const ids = dump.warnings.guard("ModuleList", () => readCodeView(dump, codeView, codeFile, os), {
      debugFile: null,
      debugId: null,
      codeId: null,
    });
    if (ids.codeId === null && os === "windows" && timestamp !== 0) ids.codeId = peCodeId(timestamp, size);
    modules.push({
      index: modules.length,
      base,
      size,
      codeFile,
      ...ids,
      version:
        signature === FIXED_VERSION_SIGNATURE
          ? `${versionHigh >>> 16}.${versionHigh & 0xffff}.${versionLow >>> 16}.${versionLow & 0xffff}`
          : null,
    });
  }
  return modules;
}

function readCodeView(dump: Minidump, range: { size: number; offset: number }, codeFile: string, os: Os): Omit<ModuleIds, "codeFile"> {
  if (range.size < 4 || range.offset === 0) return { debugFile: null, debugId: null, codeId: null };
  const c = dump.cursor("CodeView record", range.offset, Math.min(range.size, MAX_CODEVIEW_BYTES));
  const kind = c.u32();
  if (kind === CV_RSDS) {
    const guid = guidFromBytes(c.bytes(16), c.littleEndian);
    const age = c.u32();
    const debugFile = decodeUtf8(c.bytes(c.left)) || codeFile;
    if (/^0+$/.test(guid) && age === 0) return { debugFile, debugId: null, codeId: null };
    const codeId = os === "macos" || os === "ios" ? guid.toLowerCase() : null;
    return { debugFile, debugId: printBreakpadId({ kind: "guid", guid, age }), codeId };
  }
  if (kind === CV_NB10) {
    c.skip(4);
    const timestamp = c.u32().toString(16).toUpperCase().padStart(8, "0");
    const age = c.u32();
    const debugFile = decodeUtf8(c.bytes(c.left)) || codeFile;
    return { debugFile, debugId: printBreakpadId({ kind: "pdb20", timestamp, age }), codeId: null };
  }
  if (kind === CV_ELF) {
    const buildId = c.bytes(c.left);
    const debugId = debugIdFromBuildId(buildId, c.littleEndian);
    if (buildId.every((b) => b === 0)) return { debugFile: codeFile, debugId: null, codeId: null };
    return { debugFile: codeFile, debugId, codeId: toHex(buildId) };
  }
  dump.warnings.add("ModuleList", range.offset, `CodeView record of unknown kind 0x${kind.toString(16)} for ${baseName(codeFile)}`);
  return { debugFile: null, debugId: null, codeId: null };
}

export function readUnloadedModules(dump: Minidump): UnloadedModule[] {
  const modules: UnloadedModule[] = [];
  dump.warnings.guard(
    "UnloadedModuleList",
    () => {
      const c = dump.stream("unloadedModuleList", 12 + UNLOADED_BYTES * MAX_UNLOADED_MODULES);
      if (!c) return;
      const headerBytes = c.u32();
      const entryBytes = c.u32();
      const stated = c.u32();
      if (headerBytes < 12 || entryBytes < UNLOADED_BYTES) c.fail(`header of ${headerBytes} bytes, entries of ${entryBytes}`);
      c.skip(headerBytes - 12);
      const count = Math.min(stated, Math.floor(c.left / entryBytes));
      if (count < stated) dump.warnings.add("UnloadedModuleList", c.fileOffset, `says ${stated} entries, reading ${count}`);
      for (let i = 0; i < count; i++) {
        const base = c.u64();
        const size = c.u32();
        c.skip(4);
        const timestamp = c.u32();
        const nameOffset = c.u32();
        c.skip(entryBytes - UNLOADED_BYTES);
        const name = dump.warnings.guard("UnloadedModuleList", () => dump.utf16String("UnloadedModuleList name", nameOffset), null) ?? "";
        modules.push({ name, codeId: timestamp === 0 ? null : peCodeId(timestamp, size), base, size });
      }
    },
    undefined,
  );
  return modules;
}
