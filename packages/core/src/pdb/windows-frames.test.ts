/** FrameData and FPO out of PDBs built by hand: which record is in force where, and what damage leads to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { msfFile, pdbFile } from "../../test/pdb-file.ts";
import { BufferSource } from "../bytes/byte-source.ts";
import { FormatError } from "../bytes/format-error.ts";
import { Msf } from "./msf.ts";
import { namedStream } from "./named-streams.ts";
import { openPdbWindowsFrames } from "./windows-frames.ts";

const plain = "$T0 .raSearch = $eip $T0 ^ = $esp $T0 4 + =";
const savesEbx = `${plain} $ebx $T0 4 - ^ =`;
/** A function of 0x40 bytes: push ebx; sub esp,12. Then one that only FPO knows. */
const frameData = [
  { start: 0x1000, size: 0x40, locals: 0, parameters: 8, saved: 0, program: plain },
  { start: 0x1001, size: 0x3f, locals: 0, parameters: 8, saved: 4, program: savesEbx },
  { start: 0x1004, size: 0x3c, locals: 12, parameters: 8, saved: 4, program: savesEbx },
];
const fpo = [
  { start: 0x1000, size: 0x10, locals: 9, parameters: 9, bits: 0 },
  { start: 0x2000, size: 0x20, locals: 3, parameters: 2, bits: 0x1205 },
];

const open = (bytes: Uint8Array) => openPdbWindowsFrames(new BufferSource(bytes));

test("the record that starts last is in force, FrameData before FPO", () => {
  for (const leadingWord of [false, true]) {
    const frames = open(pdbFile(frameData, fpo, leadingWord));
    const at = (address: number) => {
      const found = frames?.find(address);
      return found && [found.kind, found.address, found.localSize, found.savedRegisterSize, found.parameterSize];
    };
    assert.deepEqual(at(0x1000), ["frameData", 0x1000, 0, 0, 8]);
    assert.deepEqual(at(0x1003), ["frameData", 0x1001, 0, 4, 8]);
    assert.deepEqual(at(0x103f), ["frameData", 0x1004, 12, 4, 8]);
    assert.deepEqual(at(0x2010), ["fpo", 0x2000, 12, 8, 8]);
    assert.equal(at(0x1040), null);
    assert.equal(at(0xfff), null);
    assert.equal(frames?.find(0x1003)?.program, savesEbx);
    assert.equal([...(frames?.records() ?? [])].length, 5);
  }
});

test("an FPO record's bits", () => {
  const record = open(pdbFile([], fpo))?.find(0x2000);
  assert.deepEqual(
    [record?.prologueSize, record?.savedRegisterSize, record?.allocatesBasePointer, record?.program, record?.codeSize],
    [5, 8, true, null, 0x20],
  );
});

test("frames of code that was moved after linking hold for each piece", () => {
  // [0x1000, 0x1010) lies at 0x5000, the rest of the function at 0x4000; the second function was left out.
  const omap: [number, number][] = [
    [0x1000, 0x5000],
    [0x1010, 0x4000],
    [0x1040, 0],
  ];
  const frames = open(pdbFile(frameData, fpo, false, omap));
  const at = (address: number) => {
    const found = frames?.find(address);
    return found && [found.kind, found.address, found.codeSize, found.localSize];
  };
  assert.deepEqual(at(0x5000), ["frameData", 0x5000, 0x10, 0]);
  assert.deepEqual(at(0x5002), ["frameData", 0x5001, 0xf, 0]);
  assert.deepEqual(at(0x4000), ["frameData", 0x4000, 0x30, 12]);
  assert.equal(at(0x1000), null);
  assert.equal(at(0x2000), null);
  assert.equal([...(frames?.records() ?? [])].length, 2 * 3 + 1);
});

test("a PDB without frame data has none", () => {
  assert.equal(open(pdbFile([], [])), null);
  assert.equal(open(msfFile([undefined, new Uint8Array(28)])), null);
});

test("streams are found by name", () => {
  const msf = new Msf(new BufferSource(pdbFile(frameData, fpo)));
  assert.equal(namedStream(msf, "/names"), 5);
  assert.equal(namedStream(msf, "/nam"), null);
});

test("a container that lies is a FormatError and allocates nothing for its lies", () => {
  const bytes = pdbFile(frameData, fpo);
  const directoryAt = bytes.length - 1024;
  const changed = (at: number, value: number) => {
    const copy = bytes.slice();
    new DataView(copy.buffer).setUint32(at, value, true);
    return copy;
  };
  // Stream 7 (FrameData) claims 100 MB; its first block is one that does not exist; the directory claims to be huge.
  assert.throws(() => open(changed(directoryAt + 4 + 4 * 7, 100 << 20)), FormatError);
  assert.throws(() => open(changed(directoryAt + 4 + 4 * 9, 0xffff)), FormatError);
  assert.throws(() => open(changed(44, 0x7fffffff)), FormatError);
  assert.throws(() => open(bytes.slice(0, 600)), FormatError);
});
