/**
 * One function as a debug file describes it, whatever the format: where it lies, its line records, the functions inlined into it. Every
 * reader of names fills this block; flatten.ts turns it into the answer at each address. One block is reused from function to function,
 * since its columns would otherwise be most of the garbage of a conversion.
 *
 * All addresses are image-relative, ends exclusive and at most 0xffffffff.
 */
import { U32Column } from "../bytes/columns.ts";

/** "none" in columns of indexes. */
export const NONE = 0xffffffff;

/** Lines and inlines are columns in any order; files, origins and names are ids that a FunctionTexts resolves. */
export class FunctionBlock {
  /** Start of the function itself: where it is entered. Its other parts may lie below. */
  address = 0;
  /** Bytes from the entry to the end of the part that holds it. */
  size = 0;
  /** UTF-8, as the debug file states it; a view that may be reused once the block is parsed anew. */
  name: Uint8Array = new Uint8Array(0);
  /** The function's parts: one, or several where the compiler moved cold code away. */
  readonly partStart = new U32Column();
  readonly partEnd = new U32Column();
  readonly lineStart = new U32Column();
  readonly lineEndAddress = new U32Column();
  readonly lineNumber = new U32Column();
  readonly lineFile = new U32Column();
  /** One entry per range of an inline record; `inlineRecord` indexes the columns of records below. */
  readonly inlineStart = new U32Column();
  readonly inlineEndAddress = new U32Column();
  readonly inlineRecord = new U32Column();
  readonly recordDepth = new U32Column();
  readonly recordCallLine = new U32Column();
  /** File id of the call, NONE when unknown. */
  readonly recordCallFile = new U32Column();
  /** Id of the inlined function's name. */
  readonly recordOrigin = new U32Column();

  clear(): void {
    this.partStart.clear();
    this.partEnd.clear();
    this.lineStart.clear();
    this.lineEndAddress.clear();
    this.lineNumber.clear();
    this.lineFile.clear();
    this.inlineStart.clear();
    this.inlineEndAddress.clear();
    this.inlineRecord.clear();
    this.recordDepth.clear();
    this.recordCallLine.clear();
    this.recordCallFile.clear();
    this.recordOrigin.clear();
  }
}
