import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { crc32 } from "node:zlib";
import { identifySourceBundle } from "./source-bundle.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "salvage-bundle-"));
});
after(() => rm(folder, { recursive: true, force: true }));

async function identify(bytes: Buffer) {
  const path = join(folder, "bundle");
  await writeFile(path, bytes);
  return await identifySourceBundle(path);
}

/** A bundle with one stored member, its offsets counted from the start of the file, as sentry-cli writes them. */
function bundle(name: string, content: string): Buffer {
  const data = Buffer.from(content);
  const start = Buffer.from("SYSB\u0002\u0000\u0000\u0000", "latin1");
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt32LE(crc32(data), 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(data.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("PK\u0003\u0004"), common, Buffer.from(name), data]);
  const entry = Buffer.alloc(14);
  entry.writeUInt32LE(start.length, 10);
  const central = Buffer.concat([Buffer.from("PK\u0001\u0002"), Buffer.from([20, 0]), common, entry, Buffer.from(name)]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(start.length + local.length, 12);
  return Buffer.concat([start, local, central, Buffer.from("PK\u0005\u0006"), end]);
}

test("a bundle is known by its manifest", async () => {
  const manifest = { arch: "x86_64", code_id: "AB12", debug_id: "d6272465-902c-0e18-169d-3797478b14c0-a", object_name: "prog", files: {} };
  const facts = await identify(bundle("manifest.json", JSON.stringify(manifest)));
  assert.deepEqual(
    [facts?.kind, facts?.name, facts?.debugId, facts?.codeId, facts?.cpu, facts?.features, facts?.convertible],
    ["sourcebundle", "prog", "D6272465902C0E18169D3797478B14C0a", "ab12", "x86_64", ["sources"], true],
  );
});

test("what does not begin like one is none", async () => {
  for (const text of ["", "SYS", "PK\u0003\u0004", "MODULE Linux"]) assert.equal(await identify(Buffer.from(text)), null);
});

test("a damaged bundle says what is wrong with it", async () => {
  await assert.rejects(identify(Buffer.from("SYSB and nothing of a zip")), { name: "FormatError" });
  await assert.rejects(identify(bundle("other.json", "{}")), /has no manifest\.json/);
  for (const content of ["[", "7", '"text"']) await assert.rejects(identify(bundle("manifest.json", content)), /not a JSON object/);
  const strange = await identify(bundle("manifest.json", '{"debug_id": 7, "object_name": ["x"], "arch": null}'));
  assert.deepEqual([strange?.debugId, strange?.name, strange?.cpu], [null, null, null]);
});
