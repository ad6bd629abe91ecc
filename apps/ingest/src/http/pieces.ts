/**
 * Bytes on their way: streams of pieces that are looked at, bounded, collected or thrown away. What only looks is an iterator and no
 * generator: a post passes through ten of them, and a generator costs several promises a piece.
 */
import { giveBack } from "@salvage/blobs";

type Pieces = AsyncIterableIterator<Buffer, undefined>;

const nothing: Buffer = Buffer.alloc(0);
const over = { done: true, value: undefined } as const;

/** Looks at the first bytes of a stream. @returns `head`: `count` bytes, or all when there are fewer; `all`: the stream from its start */
export async function peek(source: AsyncIterable<Buffer>, count: number): Promise<{ head: Buffer; all: AsyncIterable<Buffer> }> {
  const iterator = source[Symbol.asyncIterator]();
  let first = nothing;
  let ended = false;
  while (first.length < count && !ended) {
    const { done, value } = await iterator.next();
    if (done) ended = true;
    else first = first.length === 0 ? value : Buffer.concat([first, value]);
  }
  const head = Buffer.from(first.subarray(0, count));
  const all: Pieces = {
    next() {
      if (first.length === 0) return ended ? Promise.resolve(over) : iterator.next();
      const value = first;
      first = nothing;
      return Promise.resolve({ done: false, value });
    },
    async return() {
      first = nothing;
      if (!ended) await iterator.return?.();
      ended = true;
      return over;
    },
    [Symbol.asyncIterator]: () => all,
  };
  return { head, all };
}

/** Passes a stream on, each piece once `see` has seen it; what `see` throws ends it. */
export function watched(source: AsyncIterable<Buffer>, see: (piece: Buffer) => void): AsyncIterable<Buffer> {
  const iterator = source[Symbol.asyncIterator]();
  let ended = false;
  const close = async () => {
    if (!ended) await iterator.return?.();
    ended = true;
    return over;
  };
  const seen = async (result: IteratorResult<Buffer>) => {
    if (result.done) {
      ended = true;
      return over;
    }
    try {
      see(result.value);
    } catch (error) {
      await close().catch(() => undefined);
      throw error;
    }
    return result;
  };
  const all: Pieces = {
    next: () => (ended ? Promise.resolve(over) : iterator.next().then(seen)),
    return: close,
    [Symbol.asyncIterator]: () => all,
  };
  return all;
}

/** Passes a stream on. @throws what `tooLong` makes, of the bytes seen by then, once it is longer than `maxBytes` */
export function bounded(source: AsyncIterable<Buffer>, maxBytes: number, tooLong: (bytes: number) => Error): AsyncIterable<Buffer> {
  let bytes = 0;
  return watched(source, (piece) => {
    bytes += piece.length;
    if (bytes > maxBytes) throw tooLong(bytes);
  });
}

/** Reads a short stream whole. @throws what `tooLong` makes when it is longer than `maxBytes` */
export async function collect(source: AsyncIterable<Buffer>, maxBytes: number, tooLong: () => Error): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of bounded(source, maxBytes, tooLong)) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** Reads to the end and throws away. */
export async function drain(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const piece of source) giveBack(piece);
}
