import assert from "node:assert/strict";
import { test } from "node:test";
import { minidumpUrl } from "./send.ts";

test("a DSN names its minidump URL; other addresses stay as they are", () => {
  const key = "0123456789abcdef0123456789abcdef";
  assert.equal(minidumpUrl(`https://${key}@crashes.example/42`), `https://crashes.example/api/42/minidump/?sentry_key=${key}`);
  assert.equal(minidumpUrl(`http://${key}@h:4680/prefix/7/`), `http://h:4680/prefix/api/7/minidump/?sentry_key=${key}`);
  const url = `https://crashes.example/api/42/minidump/?sentry_key=${key}`;
  assert.equal(minidumpUrl(url), url);
  for (const wrong of ["", "crashes.example/42", "ftp://a/1", `https://${key}@h/`]) assert.throws(() => minidumpUrl(wrong), /DSN/);
});
