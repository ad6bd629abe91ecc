/** Envelopes: items with and without length, what is tolerated, what is refused and where, and that nothing is held. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readDamaged } from "../../../test/damaged.ts";
import { EnvelopeError, EnvelopeReader } from "./reader.ts";

const limits = { maxItems: 20, maxHeaderBytes: 200 };

async function* pieces(body: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < body.length; at += size) yield body.subarray(at, at + size);
}

type Read = { header: unknown; items: [type: string, payload: string][] };

async function read(body: string | Buffer, size = 7): Promise<Read> {
  const reader = new EnvelopeReader(pieces(Buffer.from(body as string), size), limits);
  const out: Read = { header: await reader.header(), items: [] };
  for (let item = await reader.nextItem(); item !== null; item = await reader.nextItem()) {
    out.items.push([item.type, Buffer.concat(await Array.fromAsync(item.data)).toString()]);
  }
  return out;
}

test("items with and without length, split anywhere", async () => {
  const body =
    '{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc"}\n{"type":"event"}\n{"a":1}\r\n{"type":"attachment","length":5}\nab\ncd\n{"type":"session"}\n{}';
  for (let size = 1; size <= body.length; size++) {
    assert.deepEqual(await read(body, size), {
      header: { event_id: "9ec79c33ec9942ab8353589fcb2e04dc" },
      items: [
        ["event", '{"a":1}\r'],
        ["attachment", "ab\ncd"],
        ["session", "{}"],
      ],
    });
  }
});

test("no items, empty lines, an empty payload at the end", async () => {
  assert.deepEqual(await read("{}"), { header: {}, items: [] });
  assert.deepEqual(await read("{}\n\n\n"), { header: {}, items: [] });
  assert.deepEqual((await read('{}\n{"type":"a","length":0}')).items, [["a", ""]]);
  assert.deepEqual((await read('{}\n{"type":"a","length":0}\n')).items, [["a", ""]]);
  assert.deepEqual((await read('{}\n{"type":"a","length":0}\n\n\n{"type":"b"}\n\n{"type":"c"}\nx')).items, [
    ["a", ""],
    ["b", ""],
    ["c", "x"],
  ]);
});

test("a payload that nobody reads, or not to its end, is skipped", async () => {
  const reader = new EnvelopeReader(
    pieces(Buffer.from('{}\n{"type":"a","length":9}\n123456789\n{"type":"b"}\nline\n{"type":"c"}\nz'), 4),
    limits,
  );
  await reader.header();
  const a = await reader.nextItem();
  for await (const piece of a?.data ?? []) {
    assert.equal(piece.toString(), "1");
    break;
  }
  assert.equal((await reader.nextItem())?.type, "b");
  const c = await reader.nextItem();
  assert.equal(Buffer.concat(await Array.fromAsync(c?.data ?? [])).toString(), "z");
  assert.equal(await reader.nextItem(), null);
});

test("what is no envelope is refused with its place", async () => {
  const cases: [string, RegExp][] = [
    ["", /envelope header at byte 0: the body is empty/],
    ["MDMP", /envelope header at byte 0: it is not JSON/],
    ["[]\n", /envelope header at byte 0: it is no JSON object/],
    ["{}\nnull\nx", /header of item 0 at byte 3: it is no JSON object/],
    ['{}\n{"length":1}\nx', /item 0 at byte 3: it has no type/],
    ['{}\n{"type":"a","length":-1}\nx', /item 0 at byte 3: its length is no whole number/],
    ['{}\n{"type":"a","length":"1"}\nx', /its length is no whole number/],
    ['{}\n{"type":"a","length":5}\nabc', /payload of item 0 at byte 27: the body ends after 3 of 5 bytes/],
    ['{}\n{"type":"a","length":2}\nabc', /payload of item 0: no line end follows its 2 bytes at byte 29/],
    [`{}\n{"type":"${"a".repeat(300)}`, /an item header at byte 3: longer than 200 bytes/],
    [`{}${'\n{"type":"a"}\n'.repeat(21)}`, /more than 20 items/],
  ];
  for (const [body, message] of cases) {
    await assert.rejects(read(body), (error) => error instanceof EnvelopeError && message.test(error.message), body);
  }
});

test("ten thousand damaged envelopes: read or refused with a place, never anything else", async () => {
  const whole = Buffer.from(
    '{"event_id":"9ec79c33ec9942ab8353589fcb2e04dc"}\n{"type":"event"}\n{"a":1}\n{"type":"attachment","length":5}\nab\ncd\n',
  );
  await readDamaged(whole, [10, 34, 125, 0, 255, 57], read, (error) => error instanceof EnvelopeError);
});

test("a large payload passes through in the pieces it came in", async () => {
  const piece = Buffer.alloc(1024 * 1024, 1);
  async function* body() {
    yield Buffer.from(`{}\n{"type":"attachment","length":${300 * piece.length}}\n`);
    for (let i = 0; i < 300; i++) yield piece;
  }
  const reader = new EnvelopeReader(body(), limits);
  await reader.header();
  const item = await reader.nextItem();
  let bytes = 0;
  for await (const each of item?.data ?? []) {
    assert.ok(each.length <= piece.length);
    bytes += each.length;
  }
  assert.equal(bytes, 300 * piece.length);
});
