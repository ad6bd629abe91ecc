/** Bodies that are nearly right: a reader takes each, or refuses it in its own words, and does nothing else. */
import assert from "node:assert/strict";

const rounds = 10_000;

/**
 * Damages a body ten thousand times, in the same ways in each run: some bytes become others that mean something, the end is cut off.
 * @param read takes the body in pieces of so many bytes
 * @param isRefusal true for the errors that the reader may throw
 */
export async function readDamaged(
  whole: Buffer,
  meaningful: readonly number[],
  read: (body: Buffer, pieceBytes: number) => Promise<unknown>,
  isRefusal: (error: unknown) => boolean,
): Promise<void> {
  let state = 7;
  const random = (below: number) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % below;
  };
  let refused = 0;
  for (let round = 0; round < rounds; round++) {
    let body = Buffer.from(whole);
    for (let i = 0; i <= random(4); i++) body[random(body.length)] = meaningful[random(meaningful.length)] ?? 0;
    if (random(3) === 0) body = body.subarray(0, random(body.length));
    try {
      await read(body, 1 + random(30));
    } catch (error) {
      assert.ok(isRefusal(error), String(error));
      refused++;
    }
  }
  assert.ok(refused > rounds / 10 && refused < rounds, `${refused} were refused`);
}
