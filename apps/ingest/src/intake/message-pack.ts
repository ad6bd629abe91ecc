/**
 * MessagePack, as sentry-native writes its event and its breadcrumbs: one value, or values one after the other.
 *
 *   00…7f, e0…ff    small integer, its own value         c0, c2, c3      nil, false, true
 *   80…8f           map of n pairs                       c4, c5, c6      bytes, length u8, u16, u32
 *   90…9f           list of n                            c7, c8, c9      extension, length u8, u16, u32, then its type i8
 *   a0…bf           text of n bytes of UTF-8             ca, cb          float 32, 64
 *   cc…cf, d0…d3    u8, u16, u32, u64, i8, … i64         d4…d8           extension of 1, 2, 4, 8, 16 bytes
 *   d9, da, db      text, length u8, u16, u32            dc, dd / de, df list / map, count u16, u32
 *
 * All big-endian. Specification: msgpack/spec.md of the MessagePack project. Read into JSON's kinds of values: maps become objects (of
 * two equal keys the first counts), bytes a note of their length, extension -1 (timestamp) an ISO 8601 text, other extensions null;
 * integers beyond 2^53 a decimal text. Depth and number of values are bounded.
 */
import { define, emptyObject } from "./json.ts";

/** The bytes are not MessagePack; says where and why. */
export class MessagePackError extends Error {
  override name = "MessagePackError";
}

const maxDepth = 32;
/** An event has a few hundred; each costs some 50 bytes of memory. */
const maxValues = 50_000;

/** Reads all values of the bytes. @throws MessagePackError, with what was read before it in `values` when that is given */
export function readMessagePack(bytes: Buffer, values: unknown[] = []): unknown[] {
  const reader = new MessagePackReader(bytes);
  while (!reader.ended) values.push(reader.value(0));
  return values;
}

class MessagePackReader {
  readonly #bytes: Buffer;
  #at = 0;
  #valuesLeft = maxValues;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length;
  }

  value(depth: number): unknown {
    const at = this.#at;
    if (this.#valuesLeft-- <= 0) this.#fail(at, `more than ${maxValues} values`);
    if (depth > maxDepth) this.#fail(at, `nested deeper than ${maxDepth}`);
    const kind = this.#uint(1);
    if (kind < 0x80) return kind;
    if (kind < 0x90) return this.#map(kind & 15, depth);
    if (kind < 0xa0) return this.#list(kind & 15, depth);
    if (kind < 0xc0) return this.#text(kind & 31);
    if (kind >= 0xe0) return kind - 0x100;
    switch (kind) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return `${this.#take(this.#uint(2 ** (kind - 0xc4))).length} bytes`;
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.#uint(2 ** (kind - 0xc7)));
      case 0xca:
        return finite(this.#take(4).readFloatBE());
      case 0xcb:
        return finite(this.#take(8).readDoubleBE());
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#uint(2 ** (kind - 0xcc));
      case 0xcf:
        return exact(this.#take(8).readBigUInt64BE());
      case 0xd0:
      case 0xd1:
      case 0xd2:
        return this.#take(2 ** (kind - 0xd0)).readIntBE(0, 2 ** (kind - 0xd0));
      case 0xd3:
        return exact(this.#take(8).readBigInt64BE());
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(2 ** (kind - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#uint(2 ** (kind - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#list(this.#uint(2 ** (kind - 0xdc + 1)), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#uint(2 ** (kind - 0xde + 1)), depth);
      default:
        return this.#fail(at, `unknown kind 0x${kind.toString(16)}`);
    }
  }

  #map(pairs: number, depth: number): Record<string, unknown> {
    const map = emptyObject();
    for (let i = 0; i < pairs; i++) {
      const at = this.#at;
      const key = this.value(depth + 1);
      if (typeof key === "object" && key !== null) this.#fail(at, "a key that is a map or a list");
      const value = this.value(depth + 1);
      if (!Object.hasOwn(map, String(key))) define(map, String(key), value);
    }
    return map;
  }

  #list(count: number, depth: number): unknown[] {
    const list: unknown[] = [];
    for (let i = 0; i < count; i++) list.push(this.value(depth + 1));
    return list;
  }

  #text(length: number): string {
    return this.#take(length).toString("utf8");
  }

  /** Type, then data; the only type known is -1: seconds u32, or nanoseconds and seconds in 30 and 34 bits, or u32 and i64. */
  #extension(length: number): string | null {
    const type = this.#take(1).readInt8();
    const data = this.#take(length);
    if (type !== -1) return null;
    let seconds: number;
    if (length === 4) seconds = data.readUInt32BE();
    else if (length === 8) seconds = Number(data.readBigUInt64BE() & 0x3ffffffffn) + (data.readUInt32BE() >>> 2) / 1e9;
    else if (length === 12) seconds = Number(data.readBigInt64BE(4)) + data.readUInt32BE() / 1e9;
    else return null;
    return Math.abs(seconds) < 8e12 ? new Date(seconds * 1000).toISOString() : null;
  }

  #uint(length: number): number {
    return this.#take(length).readUIntBE(0, length);
  }

  #take(length: number): Buffer {
    const at = this.#at;
    if (this.#bytes.length - at < length) this.#fail(at, `${length} bytes wanted, ${this.#bytes.length - at} are there`);
    this.#at += length;
    return this.#bytes.subarray(at, this.#at);
  }

  #fail(at: number, reason: string): never {
    throw new MessagePackError(`MessagePack at byte ${at}: ${reason}`);
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
const exact = (value: bigint): number | string => (Number.isSafeInteger(Number(value)) ? Number(value) : value.toString());
