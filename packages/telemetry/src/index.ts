/** Logger, metrics, error seam, settings and the operations pages of a process. Knows nothing of crashes. */
export { EnvError, envFields, readEnv } from "./env.ts";
export { createLogger, type Logger, type LoggerOptions, type LogLevel, logLevels } from "./logger.ts";
export { metrics, metricsRegistry, startProcessMetrics } from "./metrics.ts";
export { createOpsHandler, type OpsHandler, type OpsOptions, type Readiness, startOpsServer } from "./ops.ts";
export { cut, isSecretName, redactText, redactValue } from "./redact.ts";
export { reportError } from "./report-error.ts";
