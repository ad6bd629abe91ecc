/** Constants and record layouts of ELF, apart from the logic. Specification: System V gABI, chapter 4 and 5. */

export const typeRelocatable = 1;
export const typeCore = 4;

export const segmentLoad = 1;
export const segmentDynamic = 2;
export const segmentNote = 4;
export const segmentEhFrame = 0x6474e550;
export const segmentArmExidx = 0x70000001;

export const sectionProgram = 1;
export const sectionSymtab = 2;
export const sectionRela = 4;
export const sectionNote = 7;
export const sectionNobits = 8;
export const sectionRel = 9;
export const sectionDynsym = 11;
export const sectionCrel = 0x40000014;
/** SHT_ARM_EXIDX; on x86-64 the same number marks .eh_frame. */
export const sectionArmExidx = 0x70000001;

export const flagAllocated = 2;
export const flagExecutable = 4;
/** Member of a group of which a linker keeps one. */
export const flagGroup = 0x200;
export const flagCompressed = 0x800;
export const segmentExecutable = 1;

/** How a section is packed, the first word of its header. */
export const packedZlib = 1;
export const packedZstd = 2;

export const noteBuildId = 3;

/** Kinds of symbol, the low four bits of its info byte. */
export const symbolNoType = 0;
export const symbolFunction = 2;
export const symbolIndirectFunction = 10;
/** Section numbers of symbols from here on are no sections, but the one that says that the number stands elsewhere. */
export const reservedSections = 0xff00;
export const extendedSection = 0xffff;

export const machineMips = 8;
export const machinePpc64 = 21;
export const machineArm = 40;

/** e_machine → our processor names; 32-bit and 64-bit forms of one machine differ by the file's class. */
export const machines: Readonly<Record<number, readonly [name32: string, name64: string]>> = {
  2: ["sparc", "sparc"],
  3: ["x86", "x86"],
  8: ["mips", "mips64"],
  20: ["ppc", "ppc"],
  21: ["ppc64", "ppc64"],
  22: ["s390", "s390x"],
  40: ["arm", "arm"],
  62: ["amd64", "amd64"],
  183: ["arm64", "arm64"],
  243: ["riscv", "riscv64"],
  258: ["loongarch", "loongarch64"],
};

/** Sizes in bytes: file header, program header, section header, symbol. */
export const recordBytes = {
  32: { header: 52, segment: 32, section: 40, symbol: 16 },
  64: { header: 64, segment: 56, section: 64, symbol: 24 },
} as const;
