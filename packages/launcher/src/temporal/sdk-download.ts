/**
 * A process of its own that lets the TypeScript SDK fetch the Temporal dev server into the folder given as argument; the server is
 * started once by the SDK as part of that and stopped again. Separate, since the SDK's native part would stay in the launcher's memory.
 */
import { TestWorkflowEnvironment } from "@temporalio/testing";

const folder = process.argv[2];
if (folder === undefined) throw new Error("usage: sdk-download.ts FOLDER");
const environment = await TestWorkflowEnvironment.createLocal({ server: { executable: { type: "cached-download", downloadDir: folder } } });
await environment.teardown();
