/** A start that cannot go on, said in one clear sentence that tells what to do. Printed without a stack. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** The `code` of a system error ("ENOSPC", "EADDRINUSE", …), or null. */
export function systemCode(error: unknown): string | null {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : null;
}
