/**
 * A part of a stream held in memory, moved as the reading goes on: most modules' streams are held whole, those of programs linked as one module
 * are not.
 */
import { BufferSource } from "../bytes/byte-source.ts";
import { MsfStream } from "./msf-stream.ts";

/** Streams up to this size are held whole; most modules have less than 1 MB. */
const wholeBytes = 8 << 20;
/** Of larger ones this much is read at once, or as much as is asked for. */
const windowBytes = 1 << 20;

export class StreamWindow {
  readonly stream: MsfStream;
  bytes: Uint8Array = new Uint8Array(0);
  view: DataView = new DataView(new ArrayBuffer(0));
  /** Stream offset of the first held byte. */
  start = 0;
  end = 0;

  constructor(stream: MsfStream) {
    this.stream = stream;
  }

  /** A window on nothing. */
  static empty(): StreamWindow {
    return new StreamWindow(new MsfStream(new BufferSource(new Uint8Array(0)), 1, new Uint32Array(0), 0, "pdb: no stream"));
  }

  /** A window for reading another part of the stream in turn: this one where it holds the whole. */
  second(): StreamWindow {
    return this.stream.size <= wholeBytes ? this : new StreamWindow(this.stream);
  }

  /** Whether [offset, offset+length) lies in the stream; it is held then. Throws FormatError for blocks outside the file. */
  hold(offset: number, length: number): boolean {
    return (offset >= this.start && offset + length <= this.end) || this.#move(offset, length);
  }

  #move(offset: number, length: number): boolean {
    const { size } = this.stream;
    if (length > size - offset) return false;
    const whole = size <= wholeBytes;
    const from = whole ? 0 : offset;
    const bytes = this.stream.read(from, whole ? size : Math.min(size - from, Math.max(length, windowBytes)));
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.start = from;
    this.end = from + bytes.length;
    return true;
  }
}
