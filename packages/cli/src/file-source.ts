/** A local file as core's ByteSource, whose failures are told to the person at the keyboard. */
import { FileSource as LocalFile } from "@salvage/codecs/files";
import { FormatError } from "@salvage/core";
import { CliError, fileProblem } from "./cli-error.ts";

export class FileSource extends LocalFile {
  /** Throws CliError when the file cannot be opened. */
  constructor(path: string) {
    try {
      super(path);
    } catch (error) {
      throw error instanceof FormatError ? new CliError(`${path} is not a file.`) : fileProblem(path, error);
    }
  }
}
