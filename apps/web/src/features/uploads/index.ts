/** Uploading debug files from the browser: one drop zone, a verdict per file, live progress of what the files bring. */
export { UploadArea } from "./upload-area.tsx";
export { useUploads } from "./use-uploads.ts";
