/**
 * Kinds of CodeView symbol records, those that are read. Every record: length u16 (without itself), kind u16, then its own.
 *
 * Specification: cvinfo.h of Microsoft's microsoft-pdb, "CodeView Symbol Records" in LLVM's documentation.
 */

export const symEnd = 0x0006;
export const symThunk32 = 0x1102;
export const symBlock32 = 0x1103;
export const symWith32 = 0x1104;
export const symPublic32 = 0x110e;
export const symLocalProc32 = 0x110f;
export const symGlobalProc32 = 0x1110;
export const symTrampoline = 0x112c;
export const symSeparatedCode = 0x1132;
export const symLocalProc32Id = 0x1146;
export const symGlobalProc32Id = 0x1147;
export const symInlineSite = 0x114d;
export const symInlineSiteEnd = 0x114e;
export const symProcIdEnd = 0x114f;
export const symLocalProc32Dpc = 0x1155;
export const symLocalProc32DpcId = 0x1156;
export const symInlineSite2 = 0x115d;

/** What a kind means to the walk over a module's records. */
export const meansNothing = 0;
export const meansProc = 1;
export const meansThunk = 2;
export const meansTrampoline = 3;
export const meansSeparatedCode = 4;
/** Opens or closes a scope, or is inlined. */
export const meansScope = 5;

const tableEnd = 0x1200;
const meanings = new Uint8Array(tableEnd);
const procKinds = [symGlobalProc32, symLocalProc32, symGlobalProc32Id, symLocalProc32Id, symLocalProc32Dpc, symLocalProc32DpcId];
for (const kind of procKinds) meanings[kind] = meansProc;
meanings[symThunk32] = meansThunk;
meanings[symTrampoline] = meansTrampoline;
meanings[symSeparatedCode] = meansSeparatedCode;
for (const kind of [symEnd, symProcIdEnd, symBlock32, symWith32, symInlineSite, symInlineSite2, symInlineSiteEnd])
  meanings[kind] = meansScope;

export function meaningOf(kind: number): number {
  return kind < tableEnd ? meanings[kind]! : meansNothing;
}
