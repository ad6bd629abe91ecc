/** Client keys of a project, and ready snippets that use them. */

export { ClientKeys } from "./client-keys.tsx";
export { clientUrls } from "./client-urls.ts";
export { Snippets } from "./snippets.tsx";
