/**
 * The type of the object that an uncaught Visual C++ exception carried, from the exception's parameters and what the dump holds of the image.
 *   parameters   0 a magic number · 1 the object · 2 its ThrowInfo · 3 the image base (64 bits only; the records then hold offsets from it)
 *   ThrowInfo    0 attributes · 4 unwind · 8 forward · 12 array of catchable types
 *   array        0 count · 4 first catchable type …
 *   catchable    0 properties · 4 type descriptor …
 *   descriptor   two pointers, then the decorated name: ".?AVruntime_error@std@@"
 */
import { decodeUtf8 } from "../bytes/text.ts";
import { demangleMsvc } from "../demangle/msvc/demangle-msvc.ts";

const CPP_EXCEPTION = 0xe06d7363;
const MAX_NAME_BYTES = 512;

export type ThrownMemory = {
  word(address: bigint, wordBytes: 4 | 8): bigint | null;
  bytes(address: bigint, maxBytes: number): Uint8Array | null;
};

/** Null for other exceptions, and where the dump does not hold the records. */
export function thrownType(code: number, parameters: readonly bigint[], pointerBytes: 4 | 8, memory: ThrownMemory): string | null {
  const info = parameters[2];
  if (code !== CPP_EXCEPTION || info === undefined) return null;
  const base = pointerBytes === 8 ? parameters[3] : 0n;
  if (base === undefined) return null;
  const follow = (at: bigint | null): bigint | null => {
    const value = at === null ? null : memory.word(at, 4);
    return value === null || value === 0n ? null : base + value;
  };
  const types = follow(info + 12n);
  const first = follow(types === null ? null : types + 4n);
  const descriptor = follow(first === null ? null : first + 4n);
  const bytes = descriptor === null ? null : memory.bytes(descriptor + BigInt(2 * pointerBytes), MAX_NAME_BYTES);
  return bytes === null ? null : readableTypeName(decodeUtf8(bytes));
}

/** ".?AVruntime_error@std@@" → "std::runtime_error"; a name that cannot be read stays as it is; null for what is no such name. */
export function readableTypeName(decorated: string): string | null {
  if (!/^\.[?A-Z_][\x21-\x7e]*$/.test(decorated)) return null;
  const readable = demangleMsvc(decorated);
  return readable === null
    ? decorated
    : readable.replace(/ ?`RTTI Type Descriptor Name'$/, "").replace(/\b(?:class|struct|union|enum) /g, "");
}
