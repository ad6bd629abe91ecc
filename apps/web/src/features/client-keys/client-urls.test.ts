/** DSN and minidump URL as clients expect them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientUrls } from "./client-urls.ts";

test("the key is the user of the DSN and a query field of the minidump URL", () => {
  assert.deepEqual(clientUrls("http://localhost:4680", "7", "ab12"), {
    dsn: "http://ab12@localhost:4680/7",
    minidump: "http://localhost:4680/api/7/minidump/?sentry_key=ab12",
    appCenterLogs: "http://localhost:4680/logs?api-version=1.0.0",
    appSecret: "ab12",
  });
});

test("a path prefix of the public address stays", () => {
  assert.equal(
    clientUrls("https://crash.example.org/salvage", "1", "k").minidump,
    "https://crash.example.org/salvage/api/1/minidump/?sentry_key=k",
  );
  assert.equal(clientUrls("https://crash.example.org/salvage", "1", "k").dsn, "https://k@crash.example.org/salvage/1");
});
