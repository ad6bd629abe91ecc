/** One STACK CFI INIT with the records that follow it: from which address on which rule text holds. */
import type { DamageLog } from "../names/damage.ts";
import { LineWords, maxCfiBlockBytes, maxLineBytes } from "./records.ts";

/** Rule texts in ascending order of address, as byte ranges of the block. The first is the INIT's. */
export type CfiSteps = { address: number[]; textStart: number[]; textEnd: number[] };

const words = new LineWords();

/**
 * Parses a block that starts at a STACK CFI INIT line. Records below the INIT's address can never be in force and count as damaged, as do records
 * without an address. Records out of order are sorted; of equal addresses the later record is applied later.
 */
export function parseCfiBlock(bytes: Uint8Array, offset: number, lineEnd: number, damage: DamageLog | null): CfiSteps {
  const steps: CfiSteps = { address: [], textStart: [], textEnd: [] };
  let ascending = true;
  // A block cut short ends inside a line, which must not be taken for a whole one.
  const cut = bytes.length >= maxCfiBlockBytes;
  const stop = cut ? bytes.lastIndexOf(lineEnd) : bytes.length;
  if (cut) damage?.add(offset, `STACK CFI INIT with more than ${maxCfiBlockBytes} bytes of records`);
  let pos = 0;
  while (pos < stop) {
    const found = bytes.indexOf(lineEnd, pos);
    const end = found < 0 ? bytes.length : found;
    if (end - pos <= maxLineBytes) {
      words.reset(bytes, pos, end);
      if (words.take("STACK") && words.take("CFI")) {
        if (pos === 0) words.take("INIT");
        const address = words.hex();
        const ok = address >= 0 && (pos > 0 || words.hex() >= 0);
        if (!ok || (pos > 0 && address < steps.address[0]!)) {
          damage?.add(offset + pos, "STACK CFI needs an address inside its STACK CFI INIT");
        } else {
          words.rest();
          if (pos > 0 && address < steps.address[steps.address.length - 1]!) ascending = false;
          steps.address.push(address);
          steps.textStart.push(words.pos);
          steps.textEnd.push(words.end);
        }
      }
    }
    pos = end + 1;
  }
  if (ascending) return steps;
  const order = steps.address.map((_, i) => i).sort((a, b) => steps.address[a]! - steps.address[b]! || a - b);
  return {
    address: order.map((i) => steps.address[i]!),
    textStart: order.map((i) => steps.textStart[i]!),
    textEnd: order.map((i) => steps.textEnd[i]!),
  };
}
