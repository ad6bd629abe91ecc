/** readBody: the bound holds for declared and for undeclared lengths. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readBody } from "./read-body.ts";

const post = (body: BodyInit | null, headers: Record<string, string> = {}) =>
  new Request("http://localhost/", { method: "POST", headers, body, duplex: "half" } as RequestInit);

test("a body within the bound is read whole", async () => {
  assert.deepEqual(await readBody(post("hello"), 5), new TextEncoder().encode("hello"));
  assert.deepEqual(await readBody(post(null), 5), new Uint8Array());
});

test("a larger one is refused: by its declared length, or while it comes", async () => {
  assert.equal(await readBody(post("hello", { "content-length": "6" }), 5), null);
  let sent = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 1000;
      controller.enqueue(new Uint8Array(1000));
    },
  });
  assert.equal(await readBody(post(endless), 10_000), null);
  assert.ok(sent < 20_000, `${sent} bytes were read`);
});
