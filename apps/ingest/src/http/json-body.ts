/** A request's body as JSON of a known form. */
import { z } from "zod";
import { limits } from "../limits.ts";
import { AppError } from "./app-error.ts";
import { tooLarge } from "./body.ts";
import { collect } from "./pieces.ts";
import type { RouteContext } from "./router.ts";
import { withBody } from "./with-body.ts";

/** @throws AppError 413; 400 that says where the body differs from the form */
export async function readJson<Schema extends z.ZodType>(
  context: Pick<RouteContext, "request" | "response">,
  schema: Schema,
  maxBytes: number,
): Promise<z.output<Schema>> {
  const text = await readText(context, maxBytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError(400, null, "the body is not JSON", { causes: [cause instanceof Error ? cause.message : ""], cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AppError(400, null, "the body does not have the expected form", { causes: [z.prettifyError(parsed.error).slice(0, 1000)] });
}

/** @throws AppError 413 */
export async function readText(context: Pick<RouteContext, "request" | "response">, maxBytes: number): Promise<string> {
  const bodyLimits = { maxBytes, maxIdleMs: limits.maxIdleMs, maxBodyMs: limits.maxMinidumpBodyMs };
  const bytes = await withBody(context, bodyLimits, (body) =>
    collect(body, maxBytes, () => tooLarge(`the body is larger than the limit of ${maxBytes} bytes`)),
  );
  return bytes.toString("utf8");
}
