/**
 * The one seam for errors that should not happen: logged with their cause, counted, and the place to hook an error service to.
 * Expected refusals (a bad request, a wrong key) do not come here.
 */
import type { Logger } from "./logger.ts";
import { metrics } from "./metrics.ts";

/**
 * @param logger of the request or crash, so that the line carries its id
 * @param area a word from a closed list of the app, e.g. "intake", "proxy", "import"
 * @param detail ids and sizes that help; never bytes or secrets
 */
export function reportError(logger: Logger, area: string, error: unknown, detail: Record<string, unknown> = {}): void {
  metrics.errors.inc({ area });
  logger.error({ ...detail, area, error: error instanceof Error ? error : new Error(String(error)) }, `unexpected error in ${area}`);
}
