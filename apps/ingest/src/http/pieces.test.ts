/** Streams of pieces: nothing lost, and a source is closed once, whoever ends it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bounded, collect, peek, watched } from "./pieces.ts";

/** A source that counts how often it was closed before its end. */
function source(...pieces: string[]) {
  const seen = { closed: 0 };
  async function* all(): AsyncGenerator<Buffer> {
    let ended = false;
    try {
      for (const piece of pieces) yield Buffer.from(piece);
      ended = true;
    } finally {
      if (!ended) seen.closed++;
    }
  }
  return { seen, all: all() };
}

const text = async (pieces: AsyncIterable<Buffer>) => Buffer.concat(await Array.fromAsync(pieces)).toString();

test("peek gives the first bytes and the whole", async () => {
  const some = await peek(source("a", "bc", "def", "g").all, 4);
  assert.equal(some.head.toString(), "abcd");
  assert.equal(await text(some.all), "abcdefg");
  assert.equal(await text(some.all), "", "once");
  const few = await peek(source("ab").all, 4);
  assert.equal(few.head.toString(), "ab");
  assert.equal(await text(few.all), "ab");
  assert.equal((await peek(source().all, 4)).head.length, 0);
});

test("who leaves a peeked stream early closes its source, before the first piece too", async () => {
  const { all, seen } = source("abc", "def", "ghi");
  for await (const piece of (await peek(all, 2)).all) {
    assert.equal(piece.toString(), "abc");
    break;
  }
  assert.equal(seen.closed, 1);
  const unread = source("abc", "def");
  const iterator = (await peek(unread.all, 2)).all[Symbol.asyncIterator]();
  await iterator.return?.();
  assert.equal(unread.seen.closed, 1);
  assert.deepEqual(await iterator.next(), { done: true, value: undefined });
});

test("what the watcher throws ends the stream and closes its source once", async () => {
  const { all, seen } = source("a", "b", "c");
  const pieces: string[] = [];
  const stream = watched(all, (piece) => {
    if (piece.toString() === "b") throw new Error("no b");
    pieces.push(piece.toString());
  });
  await assert.rejects(text(stream), /^Error: no b$/);
  assert.deepEqual(pieces, ["a"]);
  assert.equal(seen.closed, 1);
  assert.equal(await text(stream), "", "over");
  assert.equal(seen.closed, 1);
});

test("an error of the source passes through", async () => {
  async function* failing(): AsyncGenerator<Buffer> {
    yield Buffer.from("a");
    throw new Error("broken");
  }
  await assert.rejects(text(watched((await peek(failing(), 1)).all, () => undefined)), /^Error: broken$/);
});

test("bounded and collect stop at their limit", async () => {
  assert.equal(await text(bounded(source("ab", "c").all, 3, () => new Error("long"))), "abc");
  const { all, seen } = source("ab", "cd", "e");
  await assert.rejects(text(bounded(all, 3, (bytes) => new Error(`long: ${bytes}`))), /^Error: long: 4$/);
  assert.equal(seen.closed, 1);
  assert.equal((await collect(source("ab", "c").all, 3, () => new Error("long"))).toString(), "abc");
  await assert.rejects(
    collect(source("ab", "cd").all, 3, () => new Error("long")),
    /^Error: long$/,
  );
});
