/** An error as one sentence for the person at the screen. */

/** Messages of our own server are written to be shown; anything else (a network failure) gets a sentence of ours. */
export function explain(error: unknown): string {
  if (!(error instanceof Error)) return "Something went wrong. Try again.";
  if (/failed to fetch|networkerror|load failed/i.test(error.message))
    return "The server cannot be reached. Check the connection and try again.";
  if (error.message.startsWith("[") || error.message.startsWith("{"))
    return "The server refused the input. Check the fields and try again.";
  return error.message;
}
