/**
 * zstd: frames, each a header and blocks. node:zlib unpacks a frame whole, so large ones go through a decoder that works in windows.
 *
 *   frame     magic u32 0xfd2fb528, descriptor u8, [window u8], [dictionary id], [content size], blocks, [checksum u32]
 *   block     u24: last (bit 0), kind (bits 1, 2: stored, one byte repeated, packed), bytes
 *   skipped   magic u32 0x184d2a50…5f, bytes u32, anything
 *
 * Specification: RFC 8878. The headers are walked first: a window or a number of blocks that only harm is refused before it costs anything.
 */
import { type ByteSource, FormatError, SliceSource } from "@salvage/core";
import { Decompress } from "fzstd";
import { pieceBytes } from "./byte-reader.ts";
import type { Output } from "./sink.ts";

const what = "zstd";
const frameMagic = 0xfd2fb528;
const skippedMagic = 0x184d2a50;
/** `zstd --ultra --long` without a figure. */
const maxWindowBytes = 128 << 20;
/** The window is moved once a block: as much work as a terabyte of copying is no file's need. */
const maxMovedBytes = 2 ** 40;

/** Unpacks frame by frame through windows. Throws FormatError for damaged data. */
export function unpackZstd(packed: ByteSource, output: Output): void {
  let at = 0;
  let moved = 0;
  while (at < packed.size) {
    const frame = measure(packed, at);
    moved += frame.moved;
    if (moved > maxMovedBytes) throw new FormatError(what, at, "too many blocks for their window");
    if (!frame.isSkipped) unpackFrame(new SliceSource(packed, at, frame.bytes), output, at);
    at += frame.bytes;
  }
}

function unpackFrame(frame: ByteSource, output: Output, offset: number): void {
  const decoder = new Decompress((bytes) => output.write(bytes));
  try {
    for (let at = 0; at < frame.size; at += pieceBytes) {
      const length = Math.min(pieceBytes, frame.size - at);
      // A copy: the decoder keeps views of what it has not used yet.
      decoder.push(new Uint8Array(frame.read(at, length)), at + length === frame.size);
    }
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(what, offset, error instanceof Error ? error.message : "damaged data");
  }
}

type Frame = { bytes: number; isSkipped: boolean /** Bytes that the decoder moves about in its window. */; moved: number };

function measure(packed: ByteSource, start: number): Frame {
  const number = (at: number, bytes: number) => {
    const read = packed.read(at, bytes);
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + read[i]!;
    return value;
  };
  const magic = number(start, 4);
  if (magic >= skippedMagic && magic < skippedMagic + 16) return { bytes: 8 + number(start + 4, 4), isSkipped: true, moved: 0 };
  if (magic !== frameMagic) throw new FormatError(what, start, "no zstd frame");
  const descriptor = number(start + 4, 1);
  const isSingle = (descriptor & 32) !== 0;
  const sizeBytes = [isSingle ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  const idBytes = [0, 1, 2, 4][descriptor & 3]!;
  let at = start + 5 + (isSingle ? 0 : 1);
  const windowByte = isSingle ? 0 : number(at - 1, 1);
  const size = sizeBytes === 0 ? 0 : number(at + idBytes, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  const window = isSingle ? size : 2 ** (10 + (windowByte >> 3)) * (1 + (windowByte & 7) / 8);
  if (window > maxWindowBytes) throw new FormatError(what, start, `a window of ${window} bytes`);
  at += idBytes + sizeBytes;
  let moved = 0;
  for (;;) {
    const header = number(at, 3);
    at += 3 + ((header & 6) === 2 ? 1 : header >> 3);
    moved += window;
    if (moved > maxMovedBytes) throw new FormatError(what, at, "too many blocks for their window");
    if ((header & 1) !== 0) break;
  }
  if ((descriptor & 4) !== 0) at += 4;
  return { bytes: at - start, isSkipped: false, moved };
}
