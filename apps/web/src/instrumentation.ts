/** Runs once when the server starts: settings that do not fit end the process at once, in one sentence. */

export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") return;
  const { readWebEnv } = await import("./server/env.ts");
  try {
    readWebEnv(process.env);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
