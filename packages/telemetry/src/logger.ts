/**
 * The one logger: a JSON line per event on standard output. Every line carries the app; a line about a request or a crash
 * carries its id through a child logger: `logger.child({ requestId })`, `logger.child({ crashId })`.
 *
 * Safe against injection: values are JSON-escaped, so a sender's line breaks or terminal escapes never start a line of their own.
 * Safe for secrets: everything passes through redact.ts before it is written.
 */
import { type DestinationStream, type Logger, pino } from "pino";
import { redactText, redactValue } from "./redact.ts";

export type { Logger } from "pino";

export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

export type LoggerOptions = {
  /** Name of the process: "ingest", "worker", … */
  app: string;
  level?: LogLevel;
  /** Where lines go; standard output when absent. Tests give their own. */
  destination?: DestinationStream;
};

/** @returns the root logger of a process. */
export function createLogger({ app, level = "info", destination }: LoggerOptions): Logger {
  const options = {
    level,
    base: { app },
    timestamp: pino.stdTimeFunctions.isoTime,
    errorKey: "error",
    // redactValue has shaped the error already.
    serializers: { error: (value: unknown) => value },
    formatters: {
      level: (label: string) => ({ level: label }),
      log: (object: Record<string, unknown>) => redactValue(object) as Record<string, unknown>,
    },
    hooks: {
      logMethod(this: Logger, args: Parameters<Logger["info"]>, method: (...args: Parameters<Logger["info"]>) => void) {
        const texts = args.map((arg: unknown) => (typeof arg === "string" ? redactText(arg) : arg));
        method.apply(this, texts as Parameters<Logger["info"]>);
      },
    },
  };
  const logger: Logger = destination === undefined ? pino(options) : pino(options, destination);
  // pino does not pass a child's bindings through the formatters; children inherit this method from the root.
  const makeChild = logger.child;
  return Object.assign(logger, {
    child(this: Logger, bindings: Record<string, unknown>) {
      return makeChild.call(this, redactValue(bindings) as Record<string, unknown>);
    },
  });
}
