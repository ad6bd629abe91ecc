/**
 * Numbers of the Mach-O format, as <mach-o/loader.h>, <mach-o/fat.h>, <mach-o/nlist.h> and <mach-o/compact_unwind_encoding.h> define them.
 * Only those that the readers of this folder use.
 */

/** The first four bytes, read as a big-endian word. */
export const Magic = {
  fat: 0xcafebabe,
  fat64: 0xcafebabf,
  little32: 0xcefaedfe,
  little64: 0xcffaedfe,
  big32: 0xfeedface,
  big64: 0xfeedfacf,
} as const;

export const CpuType = { x86: 7, arm: 12, ppc: 18, amd64: 0x01000007, arm64: 0x0100000c, ppc64: 0x01000012, arm64_32: 0x0200000c } as const;

/** CPU types → our names. The variants of a type (arm64e, x86_64h) share its name. */
export const CPU_NAMES: Readonly<Record<number, string>> = {
  [CpuType.x86]: "x86",
  [CpuType.arm]: "arm",
  [CpuType.ppc]: "ppc",
  [CpuType.amd64]: "amd64",
  [CpuType.arm64]: "arm64",
  [CpuType.ppc64]: "ppc64",
  [CpuType.arm64_32]: "arm64_32",
};

export const FileType = { object: 1, dsym: 10 } as const;

export const Command = {
  segment: 0x1,
  symtab: 0x2,
  segment64: 0x19,
  uuid: 0x1b,
  versionMinMacos: 0x24,
  versionMinIos: 0x25,
  functionStarts: 0x26,
  buildVersion: 0x32,
} as const;

/** Platforms of LC_BUILD_VERSION; Mac Catalyst runs on macOS, the simulators count as what they simulate. */
export const PLATFORMS: Readonly<Record<number, string>> = { 1: "macos", 2: "ios", 3: "tvos", 4: "watchos", 6: "macos", 7: "ios" };

/** Section flags: the low byte is the type, two bits say that a section holds instructions. */
export const SECTION_TYPE_MASK = 0xff;
export const SectionType = { zeroFill: 1, symbolStubs: 8, zeroFillLarge: 12, threadLocalZeroFill: 18 } as const;
export const SECTION_HAS_INSTRUCTIONS = 0x80000400;

/** A symbol's type byte: debugger entries have one of the upper bits; the type "defined in a section". A label inside a function. */
export const SYMBOL_STAB_MASK = 0xe0;
export const SYMBOL_TYPE_MASK = 0x0e;
export const SYMBOL_IN_SECTION = 0x0e;
/** A debugger's entry that names an object file whose debug information was not linked. */
export const SYMBOL_OBJECT_FILE = 0x66;
export const SYMBOL_ALT_ENTRY = 0x0200;

/** Compact unwind encodings: what the upper bits mean on every processor. */
export const UNWIND_MODE_MASK = 0x0f000000;
export const UnwindModeX86 = { frame: 0x01000000, stackImmediate: 0x02000000, stackIndirect: 0x03000000, dwarf: 0x04000000 } as const;
export const UnwindModeArm64 = { frameless: 0x02000000, dwarf: 0x03000000, frame: 0x04000000 } as const;
export const UNWIND_DWARF_OFFSET_MASK = 0x00ffffff;

/** Kinds of second-level pages of __unwind_info. */
export const UnwindPage = { regular: 2, compressed: 3 } as const;
