/**
 * Bundles the workflow code into dist/workflow-bundle.js, so that a start does not have to: `pnpm --filter @salvage/worker build`.
 * The worker refuses to start without the bundle.
 */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { bundleWorkflowCode } from "@temporalio/worker";

/** Where the bundle lies. */
export const workflowBundlePath = fileURLToPath(new URL("../dist/workflow-bundle.js", import.meta.url));

/** Writes the bundle, whole or not at all. */
export async function buildWorkflows(): Promise<void> {
  const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error };
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL("./workflows/index.ts", import.meta.url)),
    logger: quiet,
  });
  await mkdir(dirname(workflowBundlePath), { recursive: true });
  const unfinished = `${workflowBundlePath}.${process.pid}`;
  await writeFile(unfinished, code);
  await rename(unfinished, workflowBundlePath);
}

if (import.meta.main) await buildWorkflows();
