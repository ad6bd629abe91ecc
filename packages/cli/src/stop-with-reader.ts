/** `salvage … | head` ends the reader first: no reason for a stack trace. */
export function stopWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
}
