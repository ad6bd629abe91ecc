/** Uploading debug files: the drop zone, what became of each file, and the last uploads of all. */
export { featureNames, kindNames } from "./file-words.ts";
export { UploadArea } from "./upload-area.tsx";
