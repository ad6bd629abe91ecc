/** One crash: what happened, and whether the stack can be trusted. */
export { CrashPage } from "./crash-page.tsx";
export { CrashReportInline } from "./report-inline.tsx";
export { useLiveCrash } from "./use-live-crash.ts";
export { withRevision } from "./with-revision.ts";
