/**
 * A command that cannot go on: one sentence for standard error, and the exit code. 1 = it did not work, 2 = it was called wrongly, 3 = the
 * server could not be reached or is not ready, 4 = the time that was to be waited is over.
 */
export type FailureCode = 1 | 2 | 3 | 4;

export class CliError extends Error {
  override readonly name = "CliError";
  readonly exitCode: FailureCode;

  constructor(message: string, exitCode: FailureCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What a system error means to the person at the keyboard. */
export function fileProblem(path: string, error: unknown): CliError {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === "ENOENT") return new CliError(`${path}: no such file or folder.`);
  if (code === "EACCES" || code === "EPERM") return new CliError(`${path}: this user may not read it.`);
  if (code === "EISDIR") return new CliError(`${path} is a folder; name a file.`);
  return new CliError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
}
