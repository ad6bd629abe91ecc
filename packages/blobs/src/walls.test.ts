/**
 * Blobs between tenants: every key that can be made lies under its own organization, whatever ids are put into it; and a sealed blob that lies in
 * the wrong place, or whose row was made another's, does not open. A new kind of key fails here until it is listed.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { createKeyring, wrapContext } from "./keyring.ts";
import { assertBlobKey, blobKeys, blobKinds, InvalidBlobKey, parseBlobKey } from "./keys.ts";
import { createDataKey, type SealContext, sealStream, unsealStream } from "./sealed.ts";

/** A key of every kind, of an organization and ids. */
const made: Record<Exclude<keyof typeof blobKeys, "organizationPrefix">, (organization: string, id: string) => string> = {
  dump: (organization, id) => blobKeys.dump(organization, id),
  attachment: (organization, id) => blobKeys.attachment(organization, id, 0),
  chunk: (organization, id) => blobKeys.chunk(organization, id),
  part: (organization, id) => blobKeys.part(organization, id, "1f"),
  upload: (organization, id) => blobKeys.upload(organization, id),
  debugFile: (organization, id) => blobKeys.debugFile(organization, id),
  symcache: (organization, id) => blobKeys.symcache(organization, id, 3),
  report: (organization, id) => blobKeys.report(organization, id, 1, "0123456789"),
};

test("every kind of key is listed", () => {
  assert.deepEqual([...Object.keys(made), "organizationPrefix"].toSorted(), Object.keys(blobKeys).toSorted());
  assert.equal(Object.keys(made).length, blobKinds.length);
});

test("a key lies under its organization, says so, and no id leads out of it", () => {
  const hostile = ["..", "../b", "../../org/b/dump/c", "b/dump/c", "/org/b", "", ".", "..\\b", "c\0", "%2e%2e%2fb", "c\n", "-c", "ｂ/ｃ"];
  for (const [kind, key] of Object.entries(made)) {
    const usual = key("a", "c");
    assertBlobKey(usual);
    assert.ok(usual.startsWith(blobKeys.organizationPrefix("a")), kind);
    assert.deepEqual([parseBlobKey(usual)?.organizationId, parseBlobKey(usual)?.ownerId], ["a", "c"], kind);
    for (const id of hostile) {
      assert.throws(() => key("a", id), InvalidBlobKey, `${kind} of ${JSON.stringify(id)}`);
      assert.throws(() => key(id, "c"), InvalidBlobKey, `${kind} in ${JSON.stringify(id)}`);
    }
  }
  // A prefix that lists one organization lists no other whose id begins alike.
  assert.ok(!blobKeys.dump("ab", "c").startsWith(blobKeys.organizationPrefix("a")));
});

test("a sealed blob opens for its own organization, project, crash and part, and for no other", async () => {
  const keyring = createKeyring(randomBytes(32).toString("hex"));
  const own: SealContext = { organizationId: "a", projectId: "1", crashId: "c", part: "dump" };
  const dataKey = createDataKey();
  const sealed = Buffer.concat(await Array.fromAsync(sealStream([Buffer.from("a minidump")], dataKey, own)));
  const { wrappedKey } = keyring.wrap(dataKey, wrapContext("a", "1", "c"));
  const blob = { size: sealed.length, read: async (at: number, length: number) => sealed.subarray(at, at + length), close: async () => {} };
  const open = async (context: SealContext) => Buffer.concat(await Array.fromAsync(unsealStream(blob, dataKey, context))).toString();
  assert.equal(await open(own), "a minidump");
  for (const change of [{ organizationId: "b" }, { projectId: "2" }, { crashId: "d" }, { part: "attachment/0" }]) {
    const other = { ...own, ...change };
    await assert.rejects(open(other), /./, `as ${JSON.stringify(change)}`);
    if ("part" in change) continue;
    // Nor does its key: a row of another tenant that was given this blob and this wrapped key is as good as none.
    assert.throws(() => keyring.unwrap(wrappedKey, wrapContext(other.organizationId, other.projectId, other.crashId)));
  }
});
