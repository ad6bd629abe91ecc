/**
 * Memory of large pieces that pass through once, given back by hand. The collector of garbage counts buffers only by the tens of megabytes and then
 * looks through everything else that lives: at hundreds of posts a second that was two fifths of a post's cost, and the buffers themselves were most
 * of the process's memory.
 *
 * Who makes a piece lends it; whoever is done with a part of it returns that part, each byte once; with the last byte the memory is free and
 * every view of it is empty. A part that nobody returns leaves the piece to the collector. Never return what native code may still read or write:
 * a pending write, a stream's transform.
 */

/** Bytes of each lent buffer that are not returned yet. */
const lent = new WeakMap<ArrayBufferLike, number>();

/** @param piece lent when it is all of its buffer, else left to the collector. @returns it */
export function lend<Piece extends Uint8Array>(piece: Piece): Piece {
  if (piece.byteLength > 0 && piece.byteLength === piece.buffer.byteLength) lent.set(piece.buffer, piece.byteLength);
  return piece;
}

/** @param part of a piece, lent or not; not to be looked at any more */
export function giveBack(part: Uint8Array): void {
  const { buffer, byteLength } = part;
  const left = lent.get(buffer);
  if (left === undefined) return;
  if (left > byteLength) {
    lent.set(buffer, left - byteLength);
    return;
  }
  lent.delete(buffer);
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
