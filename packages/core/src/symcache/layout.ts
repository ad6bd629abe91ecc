/**
 * The lookup file ("symcache"): everything a crash may ask of one debug file, written once at import and read by ranges.
 *
 * Shape. The file is a sequence of pages of 4096 bytes; all numbers are little-endian. A page holds records of one kind in its first 4080
 * bytes and ends in a trailer with its kind, its number and a checksum, so that every page can be read and checked alone. Page 0 is the
 * header. The other pages come in the order in which they filled up while the file was written; kinds interleave, which keeps what belongs
 * to one function close together.
 *
 * References. A record is named by its position in the file divided by 4 ("ref", u32; files end at 16 GiB). 0 names nothing.
 *
 *   page kind    record                                                                   size
 *   strings      u32 length, UTF-8 bytes, padding to 4; longer than a page: goes on in the payload of the next pages
 *   functions    u32 address, u32 size (0 = symbol), string name, ref alias (function; 0 = none)   16
 *   inlines      ref outer (function or inline), string name, string call file, u32 call line   16
 *   ranges       u32 start, ref scope (function or inline; 0 = nothing here), string file, u32 line   16
 *   rows         u32 start, ref rules (0 = no rules here)                                    8
 *   rules        u16 count, u16 flags (1 = interrupted), u32 0, then count rules: u8 target, u8 kind, u8 base, u8 0, i32 operand   8 each
 *   winRows      u32 start, ref winFrames (0 = none here)                                    8
 *   winFrames    u32 kind, address, code, prologue, epilogue, parameters, saved, locals, max stack, string program, u32 flags, u32 0   48
 *   index        u32 first start, u32 page                                                   8
 *
 * Ranges, rows and winRows are leaves of search trees: ascending by start, each valid until the next. Index pages hold one entry per page
 * of the level below; the header names each tree's root page and how many index levels stand above the leaves.
 *
 * Rules: target 254 is the CFA, 255 the return address, others index the register names, which the header's string lists separated by
 * blanks. Kinds: 1 undefined, 2 same, 3 saved at CFA + operand, 4 is CFA + operand, 5 register `base` + operand, 6 program (operand is a
 * string ref).
 *
 * Lookup of relative address a: descend the range tree to the last range with start at or below a; its scope leads through inline records
 * outwards to the function; file and line of the range belong to the innermost frame, call file and call line of an inline record to the
 * frame outside it.
 *
 * Example: function f [0x1000, 0x1040) of a.c with g inlined at 0x1010..0x1020, called from line 12:
 *   functions  F: 0x1000, 0x40, "f"        inlines  I: F, "g", "a.c", 12
 *   ranges     0x1000 F "a.c" 10 | 0x1010 I "g.h" 3 | 0x1020 F "a.c" 13 | 0x1040 0 0 0
 *   a = 0x1014 → g at g.h:3, then f at a.c:12.
 *
 * Folded functions: a linker that keeps one copy of functions with equal code gives it several names. The first function's record carries the
 * ranges, its `alias` leads to the record of the next; each alias lies before the record that names it, so every chain ends.
 *
 * Versions: 1 first version; 2 aliases, interrupted rules, rules that hold only at calls. Raise it whenever a reader of the old version would misread a file; it is part of the stored file's key.
 */

export const symcacheVersion = 2;
export const pageBytes = 4096;
/** Bytes of records in a page: a multiple of every record size. */
export const payloadBytes = 4080;
/** Files end here, as refs are 32 bits of 4 bytes. */
export const maxPages = 0x100000000 / (pageBytes / 4);
export const magic = "SALVSYMC";

export const PageKind = {
  header: 1,
  strings: 2,
  functions: 3,
  inlines: 4,
  ranges: 5,
  rows: 6,
  rules: 7,
  winRows: 8,
  winFrames: 9,
  index: 10,
} as const;
export type PageKind = (typeof PageKind)[keyof typeof PageKind];

/** Name of a page kind for errors. */
export function pageKindName(kind: number): string {
  for (const [name, value] of Object.entries(PageKind)) if (value === kind) return name;
  return `unknown kind ${kind}`;
}

/** Record sizes in bytes. */
export const recordBytes = { function: 16, inline: 16, range: 16, row: 8, rule: 8, winRow: 8, winFrame: 48, index: 8 } as const;

/** The trailer of every page: offsets within the page. */
export const trailer = {
  kind: 4080 /* u16 */,
  used: 4082 /* u16: bytes of records */,
  number: 4084 /* u32 */,
  reserved: 4088 /* u32 0 */,
  checksum: 4092,
} as const;

/** Header fields in page 0: offsets of u32 values; the magic stands at 0..8. */
export const headerField = {
  version: 8,
  pageSize: 12,
  pageCount: 16,
  flags: 20,
  sourceKind: 24,
  debugId: 28, // string refs from here …
  codeId: 32,
  debugFile: 36,
  codeFile: 40,
  cpu: 44,
  os: 48,
  registers: 52, // … to here
  rangeRoot: 56, // page of the root, then the number of index levels
  rangeLevels: 60,
  rowRoot: 64,
  rowLevels: 68,
  winRowRoot: 72,
  winRowLevels: 76,
  functionCount: 80,
  symbolCount: 84,
  inlineCount: 88,
  rangeCount: 92,
  rowCount: 96,
  ruleCount: 100,
  winFrameCount: 104,
  damagedLines: 108,
  sourceBytesLow: 112,
  sourceBytesHigh: 116,
} as const;
export const headerBytes = 120;

/** `onlyAtCalls`: the unwind rules hold where functions call others, not in prologues and epilogues. */
export const HeaderFlag = { names: 1, unwind: 2, winFrames: 4, lines: 8, inlines: 16, onlyAtCalls: 32 } as const;

/** Which format the file was made from. */
export const sourceKinds = ["breakpad", "elf", "pe", "pdb", "macho"] as const;
export type SourceKind = (typeof sourceKinds)[number];

/** Flag of a rule record: the frame was entered by an interruption, not by a call. */
export const interruptedRules = 1;

export const targetCfa = 254;
export const targetReturnAddress = 255;
/** Register names a file may use; targets above are the CFA and the return address. */
export const maxRegisterNames = 250;
/** Rules in one record: they never cross a page. */
export const maxRulesPerRow = 256;
/** Frames of one inline chain that a reader follows. */
export const maxChainLength = 300;
/** Names of folded functions that an answer carries; the file keeps all. */
export const maxAliasesInAnswer = 16;
/** Levels of index pages a reader descends; 510 entries a page reach 2^32 pages in 4. */
export const maxIndexLevels = 4;

export const RuleKind = { undefined: 1, same: 2, cfaOffset: 3, valCfaOffset: 4, register: 5, expression: 6 } as const;

/**
 * Checksum of a page: its first 4092 bytes as 1023 words, mixed one after the other (xor, multiply by an odd constant, rotate: each step is
 * reversible, so no change of a single word goes unnoticed). Written for speed in plain JavaScript; it guards against damage, not against
 * forgery.
 */
export function pageChecksum(view: DataView): number {
  let h = 0x9e3779b9 | 0;
  for (let at = 0; at < trailer.checksum; at += 4) {
    h = Math.imul(h ^ view.getInt32(at, true), 0x85ebca6b);
    h = (h << 13) | (h >>> 19);
  }
  h = Math.imul(h ^ (h >>> 16), 0xc2b2ae35);
  return (h ^ (h >>> 15)) >>> 0;
}
