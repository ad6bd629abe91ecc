/**
 * CrashpadInfo: what the program told Crashpad about itself, for the process and for each module.
 *   stream      0 version · 4 report id, 16 bytes · 20 client id, 16 bytes · 36 simple annotations size, offset · 44 modules size, offset
 *   modules     u32 count, then per module: 0 index in the module list · 4 size · 8 offset of its record
 *   record      0 version · 4 list annotations size, offset · 12 simple annotations size, offset · 20 annotation objects size, offset
 *   simple      u32 count, then per entry key and value as offsets of UTF-8 strings
 *   list        u32 count, then offsets of UTF-8 strings
 *   objects     u32 count, then per entry 0 name (string offset) · 4 type u16 · 6 reserved · 8 value (offset of u32 length and bytes)
 *
 * The client id names an installation and is not kept. Annotations that hold a command line or an environment (Chromium's "switch-1" …) are
 * not kept either.
 */
import type { Cursor } from "../bytes/cursor.ts";
import { decodeUtf8 } from "../bytes/text.ts";
import { guidFromBytes } from "../ids/debug-id.ts";
import { MAX_ANNOTATIONS, MAX_MODULES, MAX_STRING_BYTES } from "./constants.ts";
import type { Minidump } from "./minidump.ts";

export type ModuleAnnotations = {
  /** Index in the dump's module list. */
  moduleIndex: number;
  list: string[];
  simple: ReadonlyMap<string, string>;
  /** Those that are strings. */
  objects: ReadonlyMap<string, string>;
};

export type CrashpadInfo = { reportId: string | null; annotations: ReadonlyMap<string, string>; modules: ModuleAnnotations[] };

const STREAM_BYTES = 52;
const MODULE_LINK_BYTES = 12;
const OBJECT_BYTES = 12;
const OBJECT_TYPE_STRING = 1;
/** Keys whose values are command lines or environments. */
const PRIVATE_KEY = /^(num-switches|switch-?\d+)$|command[-_ ]?line|cmd[-_ ]?line|^argv|environ/i;

export function readCrashpadInfo(dump: Minidump): CrashpadInfo | null {
  return dump.warnings.guard<CrashpadInfo | null>(
    "CrashpadInfo",
    () => {
      const c = dump.stream("crashpadInfo", STREAM_BYTES);
      if (!c) return null;
      c.skip(4);
      const reportId = guidFromBytes(c.bytes(16), c.littleEndian);
      c.skip(16);
      const budget = { left: MAX_ANNOTATIONS };
      const annotations = dictionary(dump, "simple annotations", c, budget);
      return {
        reportId: /^0+$/.test(reportId) ? null : hyphenated(reportId),
        annotations,
        modules: dump.warnings.guard("CrashpadInfo", () => moduleAnnotations(dump, c, budget), []),
      };
    },
    null,
  );
}

function hyphenated(guid: string): string {
  return guid.toLowerCase().replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Opens what a size and an offset point to, positioned behind its count; null when there is nothing. Counts are cut to what is there. */
function counted(
  dump: Minidump,
  what: string,
  place: Cursor,
  entryBytes: number,
  budget: { left: number },
): { count: number; cursor: Cursor } | null {
  const size = place.u32();
  const offset = place.u32();
  if (size < 4 || offset === 0) return null;
  const cursor = dump.cursor(`CrashpadInfo ${what}`, offset, Math.min(size, 4 + entryBytes * MAX_ANNOTATIONS));
  const stated = cursor.u32();
  const count = Math.min(stated, Math.floor(cursor.left / entryBytes), budget.left);
  if (count < stated) dump.warnings.add("CrashpadInfo", offset, `says ${stated} ${what}, reading ${count}`);
  budget.left -= count;
  return { count, cursor };
}

function dictionary(dump: Minidump, what: string, place: Cursor, budget: { left: number }): Map<string, string> {
  const found = new Map<string, string>();
  dump.warnings.guard(
    "CrashpadInfo",
    () => {
      const list = counted(dump, what, place, 8, budget);
      for (let i = 0; list && i < list.count; i++) {
        const key = dump.utf8String(`CrashpadInfo key of ${what}`, list.cursor.u32());
        const value = dump.utf8String(`CrashpadInfo value of ${what}`, list.cursor.u32());
        if (key && !PRIVATE_KEY.test(key)) found.set(key, value ?? "");
      }
    },
    undefined,
  );
  return found;
}

function moduleAnnotations(dump: Minidump, place: Cursor, budget: { left: number }): ModuleAnnotations[] {
  const links = counted(dump, "modules", place, MODULE_LINK_BYTES, { left: MAX_MODULES });
  const modules: ModuleAnnotations[] = [];
  for (let i = 0; links && i < links.count; i++) {
    const moduleIndex = links.cursor.u32();
    const size = links.cursor.u32();
    const offset = links.cursor.u32();
    const module = dump.warnings.guard<ModuleAnnotations | null>(
      "CrashpadInfo",
      () => {
        const c = dump.cursor("CrashpadInfo module", offset, Math.min(size, 28));
        c.skip(4);
        const list = strings(dump, c, budget);
        const simple = dictionary(dump, "module annotations", c, budget);
        return { moduleIndex, list, simple, objects: annotationObjects(dump, c, budget) };
      },
      null,
    );
    if (module && (module.list.length > 0 || module.simple.size > 0 || module.objects.size > 0)) modules.push(module);
  }
  return modules;
}

function strings(dump: Minidump, place: Cursor, budget: { left: number }): string[] {
  const found: string[] = [];
  const list = counted(dump, "list annotations", place, 4, budget);
  for (let i = 0; list && i < list.count; i++) {
    const text = dump.utf8String("CrashpadInfo list annotation", list.cursor.u32());
    if (text) found.push(text);
  }
  return found;
}

function annotationObjects(dump: Minidump, place: Cursor, budget: { left: number }): Map<string, string> {
  const found = new Map<string, string>();
  const list = counted(dump, "annotation objects", place, OBJECT_BYTES, budget);
  for (let i = 0; list && i < list.count; i++) {
    const name = dump.utf8String("CrashpadInfo annotation name", list.cursor.u32());
    const type = list.cursor.u16();
    list.cursor.skip(2);
    const valueOffset = list.cursor.u32();
    if (!name || type !== OBJECT_TYPE_STRING || PRIVATE_KEY.test(name)) continue;
    const length = dump.cursor("CrashpadInfo annotation value", valueOffset, 4).u32();
    found.set(name, decodeUtf8(dump.bytes("CrashpadInfo annotation value", valueOffset + 4, Math.min(length, MAX_STRING_BYTES))));
  }
  return found;
}
