/**
 * Reads a process's settings from its environment, once, through a zod schema. A wrong value ends in one sentence that names the
 * variable, what it must be and what it is; values that may be secret are not repeated.
 */
import { z } from "zod";
import { redactText } from "./redact.ts";

/** Thrown by readEnv; the message is meant for the operator as it stands. */
export class EnvError extends Error {
  override name = "EnvError";
}

/** Names whose value is not repeated in an error. */
const silentNames = /SECRET|TOKEN|PASSWORD|DATABASE|API_KEY/;

/**
 * @param app name of the process, for the sentence
 * @param schema an object schema; keys are variable names. An empty string counts as absent
 * @throws EnvError with one sentence
 */
export function readEnv<T extends z.ZodObject>(app: string, schema: T, env: NodeJS.ProcessEnv = process.env): z.infer<T> {
  const given: Record<string, string> = {};
  for (const name of Object.keys(schema.shape)) {
    const value = env[name];
    if (value !== undefined && value !== "") given[name] = value;
  }
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const clauses = result.error.issues.map((issue) => {
    const name = String(issue.path[0] ?? "the environment");
    const value = given[name];
    if (value === undefined) return `${name} is not set`;
    const shown = silentNames.test(name) ? "" : ` (it is ${JSON.stringify(redactText(value.slice(0, 80)))})`;
    return `${name} ${issue.message}${shown}`;
  });
  throw new EnvError(`${app} cannot start: ${[...new Set(clauses)].join("; ")}.`);
}

const byteUnits: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** Building blocks for env schemas; their messages finish the sentence "NAME …". */
export const envFields = {
  /** A TCP port; 0 lets the system choose. */
  port: () => wholeNumber(0, 65535),
  wholeNumber,
  /** A size: plain bytes, or with K, M, G, T (powers of 1024; "KiB", "MB" and the like read the same). */
  bytes: () =>
    z.string().transform((text, context) => {
      const match = /^(\d{1,15}(?:\.\d{1,3})?)\s*([kmgt]?)i?b?$/i.exec(text.trim());
      const bytes = match === null ? Number.NaN : Math.floor(Number(match[1]) * (byteUnits[(match[2] ?? "").toLowerCase()] ?? Number.NaN));
      if (Number.isSafeInteger(bytes)) return bytes;
      context.addIssue({ code: "custom", message: 'must be a size such as 1048576, "200M" or "2 GiB"' });
      return z.NEVER;
    }),
  /** 0 or 1. */
  flag: () => z.enum(["0", "1"], { error: "must be 0 or 1" }).transform((value) => value === "1"),
  /** An http or https URL; a trailing slash is dropped. */
  httpUrl: () =>
    z
      .string()
      .refine((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), { error: "must be an http or https URL" })
      .transform((text) => text.replace(/\/+$/, "")),
  /** A PostgreSQL URL. */
  databaseUrl: () =>
    z.string().refine((text) => URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol), {
      error: "must be a URL of the form postgresql://user:password@host:port/database",
    }),
  /** A text that must not be blank. */
  text: () => z.string().refine((text) => text.trim() !== "", { error: "must not be blank" }),
  logLevel: () =>
    z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"], {
      error: "must be trace, debug, info, warn, error, fatal or silent",
    }),
};

function wholeNumber(min: number, max: number) {
  return z
    .string()
    .refine((text) => /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number);
}
