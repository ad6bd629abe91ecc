/** Numbers of DWARF 2 to 5 (and of its GNU and LLVM extensions) that reading names needs, by the names of the standard. */

export const Tag = {
  arrayType: 0x01,
  classType: 0x02,
  enumerationType: 0x04,
  lexicalBlock: 0x0b,
  pointerType: 0x0f,
  referenceType: 0x10,
  compileUnit: 0x11,
  structureType: 0x13,
  subroutineType: 0x15,
  unionType: 0x17,
  inlinedSubroutine: 0x1d,
  module: 0x1e,
  constType: 0x26,
  subprogram: 0x2e,
  templateTypeParameter: 0x2f,
  templateValueParameter: 0x30,
  volatileType: 0x35,
  interfaceType: 0x38,
  namespace: 0x39,
  partialUnit: 0x3c,
  rvalueReferenceType: 0x42,
  gnuTemplateTemplateParameter: 0x4106,
  gnuTemplateParameterPack: 0x4107,
} as const;

export const Attribute = {
  sibling: 0x01,
  name: 0x03,
  statementList: 0x10,
  lowPc: 0x11,
  highPc: 0x12,
  language: 0x13,
  compDir: 0x1b,
  constValue: 0x1c,
  producer: 0x25,
  abstractOrigin: 0x31,
  declaration: 0x3c,
  specification: 0x47,
  type: 0x49,
  ranges: 0x55,
  callFile: 0x58,
  callLine: 0x59,
  signature: 0x69,
  linkageName: 0x6e,
  strOffsetsBase: 0x72,
  addrBase: 0x73,
  rnglistsBase: 0x74,
  dwoName: 0x76,
  mipsLinkageName: 0x2007,
  gnuTemplateName: 0x2110,
  gnuDwoName: 0x2130,
  gnuDwoId: 0x2131,
  gnuRangesBase: 0x2132,
  gnuAddrBase: 0x2133,
} as const;

export const Form = {
  addr: 0x01,
  block2: 0x03,
  block4: 0x04,
  data2: 0x05,
  data4: 0x06,
  data8: 0x07,
  string: 0x08,
  block: 0x09,
  block1: 0x0a,
  data1: 0x0b,
  flag: 0x0c,
  sdata: 0x0d,
  strp: 0x0e,
  udata: 0x0f,
  refAddr: 0x10,
  ref1: 0x11,
  ref2: 0x12,
  ref4: 0x13,
  ref8: 0x14,
  refUdata: 0x15,
  indirect: 0x16,
  secOffset: 0x17,
  exprloc: 0x18,
  flagPresent: 0x19,
  strx: 0x1a,
  addrx: 0x1b,
  refSup4: 0x1c,
  strpSup: 0x1d,
  data16: 0x1e,
  lineStrp: 0x1f,
  refSig8: 0x20,
  implicitConst: 0x21,
  loclistx: 0x22,
  rnglistx: 0x23,
  refSup8: 0x24,
  strx1: 0x25,
  strx2: 0x26,
  strx3: 0x27,
  strx4: 0x28,
  addrx1: 0x29,
  addrx2: 0x2a,
  addrx3: 0x2b,
  addrx4: 0x2c,
  gnuAddrIndex: 0x1f01,
  gnuStrIndex: 0x1f02,
  gnuRefAlt: 0x1f20,
  gnuStrpAlt: 0x1f21,
  llvmAddrxOffset: 0x2001,
} as const;

export const UnitType = { compile: 1, type: 2, partial: 3, skeleton: 4, splitCompile: 5, splitType: 6 } as const;

/** Languages whose functions are called by their plain names: they have no scopes, or their names hold them already. */
const plainLanguages = new Set([
  0x01, // C89
  0x02, // C
  0x0c, // C99
  0x0f, // PL/I
  0x10, // Objective-C: "-[Class method]"
  0x16, // Go: "package.Type.method"
  0x1d, // C11
  0x2c, // C17
  0x8001, // assembler
]);

/** Whether functions of the language are called by their scopes and name, "std::io::print". Of unknown languages they are. */
export function namesHaveScopes(language: number): boolean {
  return !plainLanguages.has(language);
}
