/** The key scheme and the wrapping of data keys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyring, KeyringError, wrapContext, wrappedKeyBytes } from "./keyring.ts";
import { assertBlobKey, blobKeys, InvalidBlobKey, parseBlobKey } from "./keys.ts";
import { createDataKey } from "./sealed.ts";

test("keys are built, checked and read back", () => {
  const cases = [
    [blobKeys.dump("o", "c"), "org/o/dump/c", { organizationId: "o", kind: "dump", ownerId: "c" }],
    [blobKeys.attachment("o", "c", 2), "org/o/attachment/c/2", { organizationId: "o", kind: "attachment", ownerId: "c" }],
    [blobKeys.upload("o", "u"), "org/o/upload/u", { organizationId: "o", kind: "upload", ownerId: "u" }],
    [blobKeys.debugFile("o", "d"), "org/o/debug-file/d", { organizationId: "o", kind: "debug-file", ownerId: "d" }],
    [blobKeys.symcache("o", "d", 3), "org/o/symcache/d.3", { organizationId: "o", kind: "symcache", ownerId: "d" }],
    [
      blobKeys.report("o", "c", 2, "0123456789abcdef"),
      "org/o/report/c/2-01234567.json.gz",
      { organizationId: "o", kind: "report", ownerId: "c" },
    ],
  ] as const;
  for (const [key, text, parsed] of cases) {
    assert.equal(key, text);
    assertBlobKey(key);
    assert.deepEqual(parseBlobKey(key), parsed);
  }
  for (const id of ["../x", "", "a/b", "."]) assert.throws(() => blobKeys.dump("o", id), InvalidBlobKey);
  for (const key of ["org/o/other/x", "org/o/dump", "org/o/dump/c/d", "x/o/dump/c"]) assert.equal(parseBlobKey(key), null);
});

const secret = "0123456789abcdef0123456789abcdef";
const older = "fedcba9876543210fedcba9876543210";

test("a data key unwraps with its secret and context only", () => {
  const keyring = createKeyring(secret);
  const dataKey = createDataKey();
  const { wrappedKey, keyId } = keyring.wrap(dataKey, wrapContext("o", "1", "c"));
  assert.equal(wrappedKey.length, wrappedKeyBytes);
  assert.equal(keyId, keyring.keyId);
  assert.deepEqual(Buffer.from(keyring.unwrap(wrappedKey, wrapContext("o", "1", "c"))), Buffer.from(dataKey));
  assert.throws(() => keyring.unwrap(wrappedKey, wrapContext("o", "1", "d")), KeyringError);
  assert.throws(() => createKeyring(older).unwrap(wrappedKey, wrapContext("o", "1", "c")), new RegExp(`wrapped with secret ${keyId}`));
  for (const at of [0, 3, 12, 30, 68]) {
    const changed = Buffer.from(wrappedKey);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => keyring.unwrap(changed, wrapContext("o", "1", "c")), KeyringError);
  }
  assert.throws(() => keyring.unwrap(wrappedKey.subarray(1), "x"), KeyringError);
});

test("an older secret in the ring still unwraps; new keys use the new one", () => {
  const { wrappedKey } = createKeyring(older).wrap(createDataKey(), "x");
  const ring = createKeyring(secret, [older]);
  assert.equal(ring.unwrap(wrappedKey, "x").length, 32);
  assert.equal(ring.wrap(createDataKey(), "x").keyId, createKeyring(secret).keyId);
});

test("purposes give different keys, the same each time; short secrets are refused", () => {
  const keyring = createKeyring(secret);
  assert.deepEqual(keyring.derive("a", 32), createKeyring(secret).derive("a", 32));
  assert.notDeepEqual(keyring.derive("a", 32), keyring.derive("b", 32));
  assert.throws(() => createKeyring("short"), /at least 32 characters/);
});
