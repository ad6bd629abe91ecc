/** Waits for the database; when it does not answer, the sender is told to come again. */
import { databaseFailed } from "./disk.ts";

/** @throws AppError 503 */
export async function asked<T>(answer: Promise<T>): Promise<T> {
  return await answer.catch((cause: unknown) => {
    throw databaseFailed("the database does not answer", cause);
  });
}
