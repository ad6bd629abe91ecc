/**
 * Entries of .eh_frame and .debug_frame: a CIE holds what functions have in common, an FDE describes one function and names its CIE.
 *
 *   length   u32, or 0xffffffff and u64 (the 64-bit form); 0 ends a table (linkers leave some in the middle)
 *   id       .eh_frame: 0 = CIE, else the distance from here back to the CIE; .debug_frame: all ones = CIE, else the CIE's offset
 *   CIE      version u8, augmentation string, [v4: address size u8, segment size u8], code factor uleb, data factor sleb,
 *            return address column (v1 u8, later uleb), augmentation data, instructions
 *   FDE      start, length (encoded as the CIE says), augmentation data, instructions
 *
 * Augmentation letters (.eh_frame mostly): "z" data has a length, "L" FDEs name an exception table, "P" personality routine, "R" encoding of
 * FDE addresses, "S" signal frame, "B" arm64 pointers signed with the B key, "G" arm64 memory tagging; "eh" old GCC with a pointer behind.
 */
import type { BlockReader } from "../bytes/block-reader.ts";
import { Cursor } from "../bytes/cursor.ts";
import { FormatError } from "../bytes/format-error.ts";
import { shortText } from "../bytes/short-text.ts";
import { sleb, uleb } from "./leb128.ts";
import { type PointerBases, pointerAbsolute, readLength, readPointer, skipPointer } from "./pointer.ts";

/** Real entries stay below 100 kB (one function); 1 MiB is damage. */
const maxEntryBytes = 1 << 20;
/** CIEs kept decoded; a section has a handful, some linkers one per object file. */
const maxKeptCies = 4096;
const maxAugmentationBytes = 32;

export type Cie = {
  codeAlign: number;
  dataAlign: number;
  returnAddressColumn: number;
  addressEncoding: number;
  hasAugmentationLength: boolean;
  isSignalFrame: boolean;
  /** Initial instructions, and their place in the file. */
  instructions: Uint8Array;
  instructionsOffset: number;
  /** Their image-relative address, which pointers among them may count from. */
  instructionsAddress: number;
  bases: PointerBases;
};

export type Fde = {
  cie: Cie;
  /** Image-relative, negative or beyond the image when the file is odd. */
  start: number;
  /** In bytes. */
  length: number;
  /** The stored start was 0, where a linker discarded the function. */
  isDiscarded: boolean;
  instructions: Uint8Array;
  instructionsOffset: number;
  /** Their image-relative address, which pointers among them may count from. */
  instructionsAddress: number;
};

/** Where an entry lies in its section, before anyone looks inside. */
export type EntryHead = {
  /** Offset of the entry behind it. */
  next: number;
  /** 0 for the terminator. */
  bodyBytes: number;
  /** Offset of the CIE, or "cie" when the entry is one itself. */
  cie: number | "cie";
  /** Offset of the first byte behind the id. */
  body: number;
};

export class FrameEntries {
  readonly isEhFrame: boolean;
  readonly size: number;
  readonly #reader: BlockReader;
  readonly #name: string;
  readonly #fileOffset: number;
  readonly #address: number;
  readonly #littleEndian: boolean;
  readonly #bases: PointerBases;
  readonly #cies = new Map<number, Cie>();

  /** `address` is image-relative, of the section's first byte; `fileOffset` is its place in the file, for errors. */
  constructor(reader: BlockReader, isEhFrame: boolean, address: number, fileOffset: number, littleEndian: boolean, bases: PointerBases) {
    this.#address = address;
    this.isEhFrame = isEhFrame;
    this.size = reader.size;
    this.#reader = reader;
    this.#name = isEhFrame ? "dwarf: .eh_frame" : "dwarf: .debug_frame";
    this.#fileOffset = fileOffset;
    this.#littleEndian = littleEndian;
    this.#bases = bases;
  }

  fail(offset: number, reason: string): never {
    throw new FormatError(this.#name, this.#fileOffset + offset, reason);
  }

  #cursor(offset: number, length: number, what: string): Cursor {
    const bytes = this.#reader.upTo(offset, length);
    return new Cursor(bytes, this.#name + what, this.#fileOffset + offset, this.#littleEndian);
  }

  /** The head of the entry at an offset. Throws when the entry reaches past the section. */
  head(offset: number): EntryHead {
    const cursor = this.#cursor(offset, 24, " entry");
    const first = cursor.u32();
    const is64 = first === 0xffffffff;
    const length = is64 ? cursor.u64AsNumber() : first;
    const idAt = offset + cursor.pos;
    if (length === 0) return { next: idAt, bodyBytes: 0, cie: "cie", body: idAt };
    if (length > this.size - idAt) this.fail(offset, `entry of ${length} bytes, ${this.size - idAt} left`);
    const wideId = is64 && !this.isEhFrame;
    const idBytes = wideId ? 8 : 4;
    if (length < idBytes) this.fail(offset, `entry of ${length} bytes`);
    const low = cursor.u32();
    const high = wideId ? cursor.u32() : 0;
    const head: EntryHead = { next: idAt + length, bodyBytes: length - idBytes, cie: "cie", body: idAt + idBytes };
    if (this.isEhFrame) {
      if (low !== 0) head.cie = idAt - low;
    } else if (low !== 0xffffffff || (wideId && high !== 0xffffffff)) {
      head.cie = this.#littleEndian || !wideId ? high * 0x100000000 + low : low * 0x100000000 + high;
    }
    return head;
  }

  #body(head: EntryHead, what: string): Cursor {
    if (head.bodyBytes > maxEntryBytes) this.fail(head.body, `entry of ${head.bodyBytes} bytes`);
    return this.#cursor(head.body, head.bodyBytes, what);
  }

  cie(offset: number): Cie {
    const kept = this.#cies.get(offset);
    if (kept !== undefined) return kept;
    if (!(offset >= 0 && offset < this.size)) this.fail(0, `CIE at ${offset} of ${this.size} bytes`);
    const head = this.head(offset);
    if (head.cie !== "cie" || head.bodyBytes === 0) this.fail(offset, "no CIE where an FDE names one");
    const cie = this.#readCie(head);
    if (this.#cies.size >= maxKeptCies) this.#cies.clear();
    this.#cies.set(offset, cie);
    return cie;
  }

  #readCie(head: EntryHead): Cie {
    const cursor = this.#body(head, " CIE");
    const version = cursor.u8();
    if (version !== 1 && version !== 3 && version !== 4) cursor.fail(`version ${version}`);
    const augmentation = readText(cursor);
    let addressBytes = this.#bases.addressBytes;
    if (version === 4) {
      const stated = cursor.u8();
      if (stated !== 4 && stated !== 8) cursor.fail(`addresses of ${stated} bytes`);
      addressBytes = stated as 4 | 8;
      if (cursor.u8() !== 0) cursor.fail("segmented addresses");
    }
    if (augmentation.startsWith("eh")) cursor.skip(addressBytes);
    const codeAlign = uleb(cursor);
    const dataAlign = sleb(cursor);
    const returnAddressColumn = version === 1 ? cursor.u8() : uleb(cursor);
    const cie: Cie = {
      codeAlign,
      dataAlign,
      returnAddressColumn,
      addressEncoding: pointerAbsolute,
      hasAugmentationLength: augmentation.startsWith("z"),
      isSignalFrame: false,
      instructions: new Uint8Array(0),
      instructionsOffset: 0,
      instructionsAddress: 0,
      bases: { ...this.#bases, addressBytes },
    };
    const letters = augmentation.startsWith("eh") ? augmentation.slice(2) : augmentation;
    this.#readAugmentation(cursor, letters, cie, this.#address + head.body);
    cie.instructionsOffset = cursor.fileOffset;
    cie.instructionsAddress = this.#address + head.body + cursor.pos;
    cie.instructions = cursor.bytes(cursor.left);
    return cie;
  }

  #readAugmentation(cursor: Cursor, letters: string, cie: Cie, origin: number): void {
    const end = cie.hasAugmentationLength ? uleb(cursor) + cursor.pos : null;
    if (end !== null && end > cursor.length) cursor.fail(`augmentation data to ${end} of ${cursor.length} bytes`);
    for (const letter of cie.hasAugmentationLength ? letters.slice(1) : letters) {
      if (letter === "R") cie.addressEncoding = cursor.u8();
      else if (letter === "L") cursor.skip(1);
      else if (letter === "P") skipPointer(cursor, cursor.u8(), cie.bases.addressBytes, origin);
      else if (letter === "S") cie.isSignalFrame = true;
      else if (letter !== "B" && letter !== "G") {
        // Data of an unknown kind can be passed over only when its length is known.
        if (end === null) cursor.fail(`augmentation "${letters}"`);
        break;
      }
    }
    if (end !== null) cursor.seek(end);
  }

  /** The FDE with this head. */
  fde(head: EntryHead): Fde {
    if (head.cie === "cie") this.fail(head.body, "no FDE here");
    const cie = this.cie(head.cie);
    const cursor = this.#body(head, " FDE");
    const start = readPointer(cursor, cie.addressEncoding, cie.bases, this.#address + head.body);
    const length = readLength(cursor, cie.addressEncoding, cie.bases.addressBytes);
    if (cie.hasAugmentationLength) cursor.skip(uleb(cursor));
    return {
      cie,
      start: start.relative,
      isDiscarded: start.isNull,
      length,
      instructionsOffset: cursor.fileOffset,
      instructionsAddress: this.#address + head.body + cursor.pos,
      instructions: cursor.bytes(cursor.left),
    };
  }
}

function readText(cursor: Cursor): string {
  const bytes: number[] = [];
  for (let byte = cursor.u8(); byte !== 0; byte = cursor.u8()) {
    if (bytes.length >= maxAugmentationBytes) cursor.fail("augmentation string without an end");
    bytes.push(byte);
  }
  return shortText(Uint8Array.from(bytes), 0, bytes.length);
}
