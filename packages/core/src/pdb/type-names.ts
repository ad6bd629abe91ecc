/**
 * Names of inlined functions: inline records name them by index into the id stream.
 *
 *   LF_FUNC_ID     scope u32 (id of a string, 0: none), type u32, name
 *   LF_MFUNC_ID    class u32 (a type), type u32, name
 *   LF_STRING_ID   id u32, text
 *   class, struct  count u16, properties u16, fields u32, derived u32, shape u32, bytes (a number of one of several lengths), name
 *   union          count u16, properties u16, fields u32, bytes, name
 *   enum           count u16, properties u16, type u32, fields u32, name
 *   modifier       type u32, flags u16
 *
 * Names end with NUL; those of classes carry their namespaces. The name given is scope or class, "::", name, as debuggers print it; a function of
 * no scope keeps its bare name.
 */
import { ipiStream, type Msf, tpiStream } from "./msf.ts";
import { TypeStream } from "./type-stream.ts";

const leafModifier = 0x1001;
const leafClass = 0x1504;
const leafStructure = 0x1505;
const leafUnion = 0x1506;
const leafEnum = 0x1507;
const leafInterface = 0x1519;
const leafFunctionId = 0x1601;
const leafMemberFunctionId = 0x1602;
const leafStringId = 0x1605;
/** A modifier of a modifier does not occur; more is a cycle. */
const maxModifiers = 4;
const maxNames = 1 << 16;
const separator = Uint8Array.of(0x3a, 0x3a);
const none = new Uint8Array(0);

/** Bytes of the numbers that do not fit the two bytes before them, by their kind from 0x8000 on; 0: no number of whole bytes known. */
const numberBytes = [1, 2, 2, 4, 4, 4, 8, 10, 16, 8, 8];

export class TypeNames {
  readonly #msf: Msf;
  /** Opened when the first name is asked for. */
  #streams: { types: TypeStream | null; ids: TypeStream | null } | null = null;
  readonly #names = new Map<number, Uint8Array | null>();

  constructor(msf: Msf) {
    this.#msf = msf;
  }

  /** Name of the function with an id, UTF-8; null when the id names none. Throws FormatError for a damaged container. */
  functionName(id: number): Uint8Array | null {
    let name = this.#names.get(id);
    if (name === undefined) {
      name = this.#readName(id);
      if (this.#names.size >= maxNames) this.#names.clear();
      this.#names.set(id, name);
    }
    return name;
  }

  #readName(id: number): Uint8Array | null {
    if (this.#streams === null) {
      // Streams that cannot be opened are not tried again.
      this.#streams = { types: null, ids: null };
      this.#streams.ids = TypeStream.open(this.#msf, ipiStream);
      this.#streams.types = TypeStream.open(this.#msf, tpiStream);
    }
    const record = this.#streams.ids?.record(id) ?? null;
    if (record === null) return null;
    const kind = u16(record, 0);
    if (kind !== leafFunctionId && kind !== leafMemberFunctionId) return null;
    const scope = u32(record, 2);
    const qualifier = kind === leafMemberFunctionId ? this.#typeName(scope) : scope === 0 ? none : this.#text(scope);
    const name = textAt(record, 10);
    if (qualifier.length === 0) return name.slice();
    const full = new Uint8Array(qualifier.length + separator.length + name.length);
    full.set(qualifier);
    full.set(separator, qualifier.length);
    full.set(name, qualifier.length + separator.length);
    return full;
  }

  #text(id: number): Uint8Array {
    const record = this.#streams?.ids?.record(id) ?? none;
    return u16(record, 0) === leafStringId ? textAt(record, 6) : none;
  }

  #typeName(type: number): Uint8Array {
    let index = type;
    for (let i = 0; i < maxModifiers; i++) {
      const record = this.#streams?.types?.record(index) ?? none;
      switch (u16(record, 0)) {
        case leafModifier:
          index = u32(record, 2);
          break;
        case leafClass:
        case leafStructure:
        case leafInterface:
          return textAt(record, behindNumber(record, 18));
        case leafUnion:
          return textAt(record, behindNumber(record, 10));
        case leafEnum:
          return textAt(record, 14);
        default:
          return none;
      }
    }
    return none;
  }
}

function u16(bytes: Uint8Array, at: number): number {
  return (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
}

function u32(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0;
}

function behindNumber(bytes: Uint8Array, at: number): number {
  const kind = u16(bytes, at);
  return at + 2 + (kind < 0x8000 ? 0 : (numberBytes[kind - 0x8000] ?? 0));
}

function textAt(bytes: Uint8Array, at: number): Uint8Array {
  const nul = bytes.indexOf(0, at);
  return bytes.subarray(at, nul < 0 ? bytes.length : nul);
}
