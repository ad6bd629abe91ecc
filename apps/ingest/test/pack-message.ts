/** Writes MessagePack for tests: texts, numbers, true, false, nil, lists and maps, in their longest forms. */
export function packMessage(value: unknown): Buffer {
  if (value === null || value === undefined) return Buffer.of(0xc0);
  if (typeof value === "boolean") return Buffer.of(value ? 0xc3 : 0xc2);
  if (typeof value === "number") {
    const bytes = Buffer.alloc(9, 0xcb);
    bytes.writeDoubleBE(value, 1);
    return bytes;
  }
  if (typeof value === "string") return Buffer.concat([head(0xdb, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Array.isArray(value)) return Buffer.concat([head(0xdd, value.length), ...value.map(packMessage)]);
  const entries = Object.entries(value as object);
  return Buffer.concat([head(0xdf, entries.length), ...entries.flat().map(packMessage)]);
}

function head(kind: number, length: number): Buffer {
  const bytes = Buffer.alloc(5, kind);
  bytes.writeUInt32BE(length, 1);
  return bytes;
}
