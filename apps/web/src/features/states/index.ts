/** The states of crashes, issues and files as marks: icon, word and colour together. */
export { CauseChip } from "./cause-chip.tsx";
export { CrashStateMark, crashStateWord } from "./crash-state.tsx";
export { IssueStateMark, issueStateWord, ProvisionalMark } from "./issue-state.tsx";
export { OsName } from "./os-name.tsx";
