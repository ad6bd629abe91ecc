/** Stacks as people read them: names, inlined calls, trust, and what is missing. */
export { reportText } from "./report-text.ts";
export { shortFunctionName } from "./short-name.ts";
export { OtherThreads } from "./other-threads.tsx";
export { StackPanel } from "./stack-panel.tsx";
