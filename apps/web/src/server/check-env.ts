/** At the start of the server: settings that do not fit end the process at once, in one sentence. */
import { readWebEnv } from "./env.ts";

export function checkEnv(): void {
  try {
    readWebEnv(process.env);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
