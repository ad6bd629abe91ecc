/** The frames at one address of a function that has been flattened: what every reader's `lookup` ends with. */
import { lastAtOrBelow } from "../bytes/bisect.ts";
import { shortText } from "../bytes/short-text.ts";
import type { SourceFrame } from "../symbolicate/lookup.ts";
import type { Segments } from "./flatten.ts";
import { type FunctionBlock, NONE } from "./function-block.ts";
import type { FunctionTexts } from "./name-source.ts";

/** Frames at an image-relative address inside the flattened part, innermost first. */
export function framesAt(block: FunctionBlock, segments: Segments, texts: FunctionTexts, relativeAddress: number): SourceFrame[] {
  const segment = lastAtOrBelow(segments.start.view(), relativeAddress);
  const lineIndex = segment < 0 ? NONE : segments.line.at(segment);
  let file = lineIndex === NONE ? null : fileText(texts, block.lineFile.at(lineIndex));
  let line = lineIndex === NONE ? null : block.lineNumber.at(lineIndex) || null;
  const functionAddress = block.address;
  const frames: SourceFrame[] = [];
  for (let node = segment < 0 ? NONE : segments.chain.at(segment); node !== NONE; node = segments.chainParent.at(node)) {
    const record = segments.chainRecord.at(node);
    frames.push({ function: textOf(texts.origin(block.recordOrigin.at(record))) ?? "", functionAddress, file, line });
    file = fileText(texts, block.recordCallFile.at(record));
    line = block.recordCallLine.at(record) || null;
  }
  frames.push({ function: shortText(block.name, 0, block.name.length), functionAddress, file, line });
  return frames;
}

function fileText(texts: FunctionTexts, id: number): string | null {
  return id === NONE ? null : textOf(texts.file(id)) || null;
}

function textOf(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : shortText(bytes, 0, bytes.length);
}
