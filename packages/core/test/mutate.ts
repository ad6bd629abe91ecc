/** Damage to a file: cuts, single bytes, and numbers where counts, offsets, sizes and addresses stand; parts moved within and from another file. */

const numbers = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
const maxChanges = 6;
/** Headers, directories and the first records lie here. */
const frontBytes = 200;

export function mutate(seed: Uint8Array, other: Uint8Array, random: (limit: number) => number): Uint8Array {
  let bytes = seed.slice();
  for (let change = 1 + random(maxChanges); change > 0; change--) {
    const view = new DataView(bytes.buffer);
    const size = bytes.length;
    if (size < 8) return bytes;
    // Half of the numbers go where headers are; numbers are mostly aligned.
    const word = (random(2) === 0 ? random(Math.min(size, frontBytes) - 4) : random(size - 4)) & (random(8) === 0 ? ~0 : ~3);
    switch (random(8)) {
      case 0:
        bytes = bytes.slice(0, random(size));
        break;
      case 1:
        bytes[random(size)] = random(256);
        break;
      case 2:
        view.setUint32(word, numbers[random(numbers.length)]!, random(2) === 0);
        break;
      case 3: // An offset that leads somewhere else in the file.
        view.setUint32(word, random(size * 2), true);
        break;
      case 4: {
        const length = random(Math.min(size, other.length, 256));
        const from = random(other.length - length + 1);
        bytes.set(other.subarray(from, from + length), random(size - length + 1));
        break;
      }
      case 5: // A little more or less than it was: sizes and counts that miss by few.
        view.setUint32(word, (view.getUint32(word, true) + random(65) - 32) >>> 0, true);
        break;
      case 6: // The upper half of a 64-bit address or size.
        view.setUint32(word, [0, 1, 0x7fff, 0xffffffff, 0x80000000][random(5)]!, true);
        break;
      default: {
        const from = random(size);
        bytes.copyWithin(random(size), from, from + random(128));
      }
    }
  }
  return bytes;
}
