/** Waits for the database; when it does not answer, the sender is told to come again. */
import { AppError } from "../http/app-error.ts";

/** @throws AppError 503 */
export async function asked<T>(answer: Promise<T>): Promise<T> {
  return await answer.catch((cause: unknown) => {
    throw new AppError(503, null, "not ready: the database does not answer", { cause, headers: { "Retry-After": "10" } });
  });
}
