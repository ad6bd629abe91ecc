/** App Center's logs as a stream: split anywhere, base64 decoded as it comes, what home-made senders write, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readDamaged } from "../../../test/damaged.ts";
import { LogError, LogReader } from "./log-reader.ts";

const limits = { maxLogs: 10, maxLogBytes: 500 };

async function* pieces(body: string | Buffer, size: number): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(body as string);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(body: string | Buffer, size = 5) {
  const reader = new LogReader(pieces(body, size), limits, async (data) => Buffer.concat(await Array.fromAsync(data)).toString("latin1"));
  return await Array.fromAsync(reader.logs());
}

test("logs and their data, split anywhere", async () => {
  const data = Buffer.from("MDMP\u0000\u00ff and more bytes", "latin1").toString("base64");
  const body = `{ "x":[1,{"data":"!"}], "logs":[\n {"type":"managedError","id":"1","exception":{"data":"kept","n":[-1.5e3,true,null,"q\\"ü"]}},
    {"data":"${data}","type":"errorAttachment"},{}]}`;
  for (let size = 1; size < 60; size++) {
    assert.deepEqual(await read(body, size), [
      { log: { type: "managedError", id: "1", exception: { data: "kept", n: [-1500, true, null, 'q"ü'] } }, data: null },
      { log: { data: null, type: "errorAttachment" }, data: "MDMP\u0000\u00ff and more bytes" },
      { log: {}, data: null },
    ]);
  }
});

test("what home-made senders write: duplicate names, commas at the end, line breaks and escapes in base64, data that is none", async () => {
  assert.deepEqual(await read('{"logs":[{"a":1,"a":2,},],}'), [{ log: { a: 2 }, data: null }]);
  for (let size = 1; size < 12; size++) {
    assert.deepEqual(await read('{"logs":[{"data":"TU1N\nTUA\\n/\\/w=="}]}', size), [{ log: { data: null }, data: "MMMM@?ÿ" }]);
  }
  assert.deepEqual(await read('{"logs":[{"data":{"a":1}},{"data":null}],"logs":[{"data":""}]}'), [
    { log: { data: { a: 1 } }, data: null },
    { log: { data: null }, data: null },
    { log: { data: null }, data: "" },
  ]);
  assert.deepEqual(await read("{}"), []);
  assert.deepEqual(await read('{"logs":"none"}'), []);
});

test("what is refused, with its place", async () => {
  const cases: [string, RegExp][] = [
    ["", /byte 0: the body ends before/],
    ["MDMP", /byte 0: "M" stands where "\{" of the body is expected/],
    ['{"logs":[{"a":1}', /byte 16: the body ends before its last brace/],
    ['{"logs":[{"a" 1}]}', /byte 14: "1" stands where ":" of a name is expected/],
    ['{"logs":[{a:1}]}', /byte 10: "a" stands where a name in quotes is expected/],
    ['{"logs":[{"a":1 "b":2}]}', /byte 16: "\\"" stands where "," or "}" is expected/],
    ['{"logs":[,]}', /byte 9: "," stands where a value is expected/],
    ['{"logs":[{"a":tru}]}', /log 0 at byte 9: it is not JSON/],
    ['{"logs":[{"a":"\\x"}]}', /log 0 at byte 9: it is not JSON/],
    ['{"logs":[1]}', /log 0 at byte 9: it is no object/],
    ['{"logs":[{"data":"TU1"}]}', /data at byte 18: it is not base64/],
    ['{"logs":[{"data":"TU=1"}]}', /data at byte 18: it is not base64/],
    ['{"logs":[{"data":"TQ==TQ=="}]}', /data at byte 18: it is not base64/],
    ['{"logs":[{"data":"TU1N', /data at byte 18: the body ends within it/],
    [`{"logs":[{"a":"${"x".repeat(600)}"}]}`, /byte 14: a text is longer than 500 bytes/],
    [`{"logs":[{"a":[${"1,".repeat(300)}1]}]}`, /a log is longer than 500 bytes without its data/],
    [`{"logs":[${"{},".repeat(11)}]}`, /more than 10 logs/],
    [`{"x":${"[".repeat(100)}`, /nested deeper than 64 levels/],
    [`{"logs":[{"a":${"[".repeat(100)}`, /nested deeper than 64 levels/],
    [`{"${"n".repeat(2000)}":1}`, /a name is longer than 1000 bytes/],
    [`{"x":${"1".repeat(200)}}`, /no value is that long/],
  ];
  for (const [body, message] of cases) {
    await assert.rejects(read(body), (error) => error instanceof LogError && message.test(error.message), body.slice(0, 60));
  }
});

test("ten thousand damaged bodies: read or refused with a place, never anything else", async () => {
  const whole = Buffer.from('{"logs":[{"type":"managedError","n":[1,-2.5,true],"e":{"t":"a\\"b"}},{"data":"TU1NTQ==","x":null}]}');
  await readDamaged(whole, [0, 34, 44, 92, 93, 123, 125, 255], read, (error) => error instanceof LogError);
});

test("large data passes through in pieces; what is not wanted is not held", async () => {
  const block = Buffer.alloc(3 * 64 * 1024, 7);
  async function* body() {
    yield Buffer.from(`{"skipped":"`);
    for (let i = 0; i < 100; i++) yield Buffer.alloc(64 * 1024, "s");
    yield Buffer.from(`","logs":[{"data":"`);
    for (let i = 0; i < 100; i++) yield Buffer.from(block.toString("base64"));
    yield Buffer.from('"}]}');
  }
  let bytes = 0;
  let largest = 0;
  const reader = new LogReader(body(), limits, async (data) => {
    for await (const piece of data) {
      bytes += piece.length;
      largest = Math.max(largest, piece.length);
    }
  });
  assert.equal((await Array.fromAsync(reader.logs())).length, 1);
  assert.equal(bytes, 100 * block.length);
  assert.ok(largest <= block.length);
});
