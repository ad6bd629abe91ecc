/** Constants and record layouts of ELF, apart from the logic. Specification: System V gABI, chapter 4 and 5. */

export const segmentLoad = 1;
export const segmentNote = 4;
export const segmentEhFrame = 0x6474e550;
export const segmentArmExidx = 0x70000001;

export const sectionSymtab = 2;
export const sectionNote = 7;
export const sectionNobits = 8;
export const sectionDynsym = 11;
/** SHT_ARM_EXIDX; on x86-64 the same number marks .eh_frame. */
export const sectionArmExidx = 0x70000001;

export const flagExecutable = 4;
export const flagCompressed = 0x800;
export const segmentExecutable = 1;

/** e_machine → our processor names; 32-bit and 64-bit forms of one machine differ by the file's class. */
export const machines: Readonly<Record<number, readonly [name32: string, name64: string]>> = {
  2: ["sparc", "sparc"],
  3: ["x86", "x86"],
  8: ["mips", "mips64"],
  20: ["ppc", "ppc"],
  21: ["ppc64", "ppc64"],
  40: ["arm", "arm"],
  62: ["amd64", "amd64"],
  183: ["arm64", "arm64"],
  243: ["riscv", "riscv64"],
};

/** Sizes in bytes: file header, program header, section header, symbol. */
export const recordBytes = {
  32: { header: 52, segment: 32, section: 40, symbol: 16 },
  64: { header: 64, segment: 56, section: 64, symbol: 24 },
} as const;
