/** Hand-built PE images for tests: code at 0x1000, unwind data at 0x2000, the function table at 0x3000, each page where its address says. */

export const codeAddress = 0x1000;
export const dataAddress = 0x2000;
export const tableAddress = 0x3000;

const fileBytes = 0x4000;

/** `table` is the function table, word by word; `data` lies at dataAddress. */
export function peImage(machine: number, code: ArrayLike<number>, data: ArrayLike<number>, table: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(fileBytes);
  const view = new DataView(bytes.buffer);
  bytes.set([0x4d, 0x5a]);
  view.setUint32(60, 0x80, true);
  bytes.set([0x50, 0x45, 0, 0], 0x80);
  view.setUint16(0x84, machine, true);
  view.setUint16(0x86, 3, true);
  view.setUint16(0x94, 240, true);
  const optional = 0x98;
  view.setUint16(optional, 0x20b, true);
  view.setUint32(optional + 56, fileBytes, true);
  view.setUint32(optional + 108, 16, true);
  view.setUint32(optional + 112 + 3 * 8, tableAddress, true);
  view.setUint32(optional + 112 + 3 * 8 + 4, 4 * table.length, true);
  for (const [i, address] of [codeAddress, dataAddress, tableAddress].entries()) {
    const at = optional + 240 + 40 * i;
    for (const [field, value] of [
      [8, 0x1000],
      [12, address],
      [16, 0x1000],
      [20, address],
      [36, i === 0 ? 0x60000020 : 0x40000040],
    ] as const) {
      view.setUint32(at + field, value, true);
    }
  }
  bytes.fill(0xcc, codeAddress, codeAddress + 0x1000);
  bytes.set(code, codeAddress);
  bytes.set(data, dataAddress);
  for (const [i, word] of table.entries()) view.setUint32(tableAddress + 4 * i, word, true);
  return bytes;
}

/** Bytes of hex text, blanks and line ends aside. */
export function hex(text: string): number[] {
  return (text.replace(/\s+/g, "").match(/../g) ?? []).map((byte) => Number.parseInt(byte, 16));
}

/** 32-bit words as bytes, lowest first. */
export function words(...values: number[]): number[] {
  return values.flatMap((value) => [value & 255, (value >>> 8) & 255, (value >>> 16) & 255, value >>> 24]);
}
