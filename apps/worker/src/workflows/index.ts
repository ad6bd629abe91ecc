/** All workflows, under the type names of contracts. Bundled ahead of time by build-workflows.ts. */
export { arrival } from "./arrival.ts";
export { deliverWebhook } from "./deliver-webhook.ts";
export { importUpload } from "./import-upload.ts";
export { intake } from "./intake.ts";
export { refreshSymcaches } from "./refresh-symcaches.ts";
export { retention } from "./retention.ts";
export { sweep } from "./sweep.ts";
