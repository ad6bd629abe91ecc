/** Stacks as people read them: names, inlined calls, trust, and what is missing. */

export { OtherThreads } from "./other-threads.tsx";
export { reportText } from "./report-text.ts";
export { shortFunctionName } from "./short-name.ts";
export { StackPanel } from "./stack-panel.tsx";
