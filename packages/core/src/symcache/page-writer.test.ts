import assert from "node:assert/strict";
import { test } from "node:test";
import { MemorySink } from "../../test/memory-sink.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { PageKind, pageBytes } from "./layout.ts";
import { PageCache } from "./page-cache.ts";
import { type Page, PageStream, RecordPages, TreePages } from "./page-writer.ts";

function put(page: Page, value: number): void {
  page.view.setUint32(page.used, value, true);
  page.used += 16;
}

test("pages are written in order though they fill up at different speeds; a page that lags behind is closed early", () => {
  const sink = new MemorySink();
  const stream = new PageStream(sink);
  const slow = new RecordPages(stream, PageKind.functions);
  const fast = new RecordPages(stream, PageKind.ranges);
  const refs: number[] = [];
  for (let i = 0; i < 800_000; i++) {
    if (i % 200_000 === 0) {
      const page = slow.room(16);
      refs.push(RecordPages.refOf(page));
      put(page, i);
    }
    put(fast.room(16), i);
  }
  slow.close();
  fast.close();
  stream.finish(stream.headerPage());
  const bytes = sink.bytes();
  assert.equal(bytes.length, stream.pageCount * pageBytes);
  const cache = new PageCache(new BufferSource(bytes), 16);
  const pages = new Set<number>();
  for (const [i, ref] of refs.entries()) {
    const number = Math.floor((ref * 4) / pageBytes);
    pages.add(number);
    assert.equal(cache.page(number, PageKind.functions, "test").view.getUint32((ref * 4) % pageBytes, true), i * 200_000);
  }
  assert.ok(pages.size >= 2, "the lagging page was closed before it was full");
  for (let number = 0; number < stream.pageCount; number++) cache.anyPage(number, "test");
});

test("a tree of several levels leads to each record", () => {
  const sink = new MemorySink();
  const stream = new PageStream(sink);
  const tree = new TreePages(stream, PageKind.rows);
  const count = 300_000;
  for (let i = 0; i < count; i++) {
    const page = tree.room(8, i * 3);
    page.view.setUint32(page.used, i * 3, true);
    page.used += 8;
  }
  const { root, levels } = tree.finish();
  assert.equal(levels, 2);
  stream.finish(stream.headerPage());
  const cache = new PageCache(new BufferSource(sink.bytes()), 64);
  const index = cache.page(root, PageKind.index, "root");
  assert.equal(index.used, 8 * 2);
});

test("an empty tree has no root", () => {
  assert.deepEqual(new TreePages(new PageStream(new MemorySink()), PageKind.rows).finish(), { root: 0, levels: 0 });
});
