/** CRC-64 of ECMA-182, as xz uses it (bits reversed, polynomial 0xc96c5795d7870f42), in two 32-bit halves. */

const low = new Uint32Array(256);
const high = new Uint32Array(256);
for (let i = 0; i < 256; i++) {
  let l = i;
  let h = 0;
  for (let bit = 0; bit < 8; bit++) {
    const odd = l & 1;
    l = (l >>> 1) | (h << 31);
    h >>>= 1;
    if (odd === 1) {
      l ^= 0xd7870f42;
      h ^= 0xc96c5795;
    }
  }
  low[i] = l;
  high[i] = h;
}

export class Crc64 {
  #low = -1;
  #high = -1;

  add(bytes: Uint8Array): void {
    let l = this.#low;
    let h = this.#high;
    for (let i = 0; i < bytes.length; i++) {
      const index = (l ^ bytes[i]!) & 0xff;
      l = ((l >>> 8) | (h << 24)) ^ low[index]!;
      h = (h >>> 8) ^ high[index]!;
    }
    this.#low = l;
    this.#high = h;
  }

  /** Little-endian. */
  bytes(): Uint8Array {
    const out = new Uint8Array(8);
    const view = new DataView(out.buffer);
    view.setUint32(0, ~this.#low >>> 0, true);
    view.setUint32(4, ~this.#high >>> 0, true);
    return out;
  }
}
