/** Runs once when the server starts. */

export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME === "nodejs") {
    const { checkEnv } = await import("./server/check-env.ts");
    checkEnv();
  }
}
