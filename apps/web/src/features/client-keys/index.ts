/** Client keys of a project, and ready snippets that use them. */
export { ClientKeys } from "./client-keys.tsx";
export { Snippets } from "./snippets.tsx";
