/** Webhooks of a project: who is told about new and regressed issues, and whether it got there. */
export { Webhooks } from "./webhooks.tsx";
