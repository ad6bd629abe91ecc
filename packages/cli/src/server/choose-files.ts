/**
 * What of the named files and folders is worth sending. Folders are walked and judged by content: debug files and archives are sent, everything
 * else is passed over, also what a compiler leaves between (object files) and files that could give a crash neither names nor unwinding.
 */
import { statSync } from "node:fs";
import { archiveKind } from "@salvage/archives";
import { FormatError, identifyObjects, type ObjectVerdict } from "@salvage/core";
import { FileSource } from "../file-source.ts";
import { walkFiles } from "../walk.ts";

export type FileToSend = { path: string; sizeBytes: number };

export async function chooseFiles(paths: readonly string[]): Promise<{ files: FileToSend[]; passedOver: number }> {
  const files = new Map<string, FileToSend>();
  let passedOver = 0;
  for (const path of paths) {
    const named = statSync(path, { throwIfNoEntry: false })?.isFile() === true;
    for (const file of walkFiles(path)) {
      // A file that was named is sent whatever it is: the server's answer is better than silence.
      if (named || (await looksUsable(file))) files.set(file, { path: file, sizeBytes: statSync(file).size });
      else passedOver++;
    }
  }
  return { files: [...files.values()], passedOver };
}

async function looksUsable(path: string): Promise<boolean> {
  return (await archiveKind(path)) !== null || identifyFile(path).some(({ features }) => features.length > 0);
}

/** The images in a file; none when it is no debug file or only a compiler's output on the way to one. */
export function identifyFile(path: string): ObjectVerdict[] {
  const source = new FileSource(path);
  try {
    return isCompilerOutput(source) ? [] : identifyObjects(source);
  } catch (error) {
    if (error instanceof FormatError) return [];
    throw error;
  } finally {
    source.close();
  }
}

/** An object file that is still to be linked: type 1 in the headers of ELF (u16 at 16) and Mach-O (u32 at 12). */
function isCompilerOutput(source: FileSource): boolean {
  if (source.size < 20) return false;
  const head = Buffer.from(source.read(0, 20));
  const magic = head.readUInt32BE(0);
  if (magic === 0x7f454c46) return (head[5] === 2 ? head.readUInt16BE(16) : head.readUInt16LE(16)) === 1;
  const isMacho = magic === 0xcffaedfe || magic === 0xcefaedfe;
  return isMacho && head.readUInt32LE(12) === 1;
}
