/**
 * Bytes that allocators and debug run-time libraries fill memory with, so that use of it after free or before initialisation shows.
 * A pointer read from such memory is the pattern itself, or a small distance from it where a field was accessed.
 */

export type FillPattern = { meaning: string; kind: "freed" | "uninitialised" | "overrun" };

/** Patterns of one repeated byte. */
const BYTES: ReadonlyMap<number, FillPattern> = new Map([
  [0xdd, { kind: "freed", meaning: "0xdd: heap memory after free (Visual C++ debug run-time)" }],
  [0xcd, { kind: "uninitialised", meaning: "0xcd: heap memory before use (Visual C++ debug run-time), or freed memory (Chromium)" }],
  [0xcc, { kind: "uninitialised", meaning: "0xcc: stack memory before use (Visual C++ run-time checks)" }],
  [0xfd, { kind: "overrun", meaning: "0xfd: the guard around heap blocks (Visual C++ debug run-time)" }],
  [0xab, { kind: "overrun", meaning: "0xab: the guard behind heap blocks (Windows), or memory before use (Chromium, Android)" }],
  [0xe5, { kind: "freed", meaning: "0xe5: heap memory after free (jemalloc as in Firefox)" }],
  [0x5a, { kind: "freed", meaning: "0x5a: heap memory after free (jemalloc)" }],
  [0xa5, { kind: "uninitialised", meaning: "0xa5: heap memory before use (jemalloc)" }],
  [0xef, { kind: "freed", meaning: "0xef: quarantined heap memory after free (Chromium)" }],
  [0x55, { kind: "freed", meaning: "0x55: heap memory after free (macOS, MallocScribble)" }],
  [0xaa, { kind: "uninitialised", meaning: "0xaa: memory before use (macOS MallocPreScribble, -ftrivial-auto-var-init=pattern)" }],
  [0xbe, { kind: "uninitialised", meaning: "0xbe: heap memory before use (AddressSanitizer)" }],
  [0x6b, { kind: "freed", meaning: "0x6b: memory after free" }],
]);

/** Patterns of a repeated word of 32 bits. */
const WORDS: ReadonlyMap<number, FillPattern> = new Map([
  [0xfeeefeee, { kind: "freed", meaning: "0xfeeefeee: heap memory after free (Windows)" }],
  [0xbaadf00d, { kind: "uninitialised", meaning: "0xbaadf00d: heap memory before use (Windows)" }],
  [0xdeadbeef, { kind: "freed", meaning: "0xdeadbeef: memory marked as dead" }],
  [0xdeaddead, { kind: "freed", meaning: "0xdeaddead: memory marked as dead" }],
]);

/** A field can lie this far behind the pattern, or this little before it. */
const MAX_FIELD_BYTES = 0x1000n;

/** The pattern that a pointer-sized value is, or is a field's distance away from; null for any other value. */
export function fillPattern(value: bigint, pointerBytes: 4 | 8): { pattern: FillPattern; offset: bigint } | null {
  const top = Number((value >> BigInt(pointerBytes * 8 - 32)) & 0xffffffffn);
  // A field's offset may carry into the upper half of a word, so the top of the address decides which pattern to try.
  const candidates = pointerBytes === 8 ? [top] : [Math.floor(top / 0x10000) * 0x10001, ...WORDS.keys()];
  for (const word of candidates) {
    const pattern = patternOf(word);
    if (pattern === null) continue;
    const whole = pointerBytes === 8 ? BigInt(word) * 0x100000001n : BigInt(word);
    const offset = value - whole;
    if (offset > -MAX_FIELD_BYTES && offset < MAX_FIELD_BYTES) return { pattern, offset };
  }
  return null;
}

function patternOf(word: number): FillPattern | null {
  const byte = word & 0xff;
  return word === byte * 0x01010101 ? (BYTES.get(byte) ?? null) : (WORDS.get(word) ?? null);
}

/** Bytes that rust-minidump holds against a flipped bit when a register is full of them. */
const POISON_BYTES = new Set([0x2b, 0x2d, 0x2f, 0x49, 0x4b, 0x4d, 0x4f, 0x6b, 0x8b, 0x9b, 0x9f, 0xa5, 0xbb, 0xcc, 0xcd, 0xce, 0xdb, 0xe5]);

/** Whether a 64-bit value is one of those bytes repeated. */
export function isPoison(value: bigint): boolean {
  return value === (value & 0xffn) * 0x0101010101010101n && POISON_BYTES.has(Number(value & 0xffn));
}
