/** The command line from the clone: `./salvage COMMAND`, with the commands that care for an installation. */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Sources run as they are; their compiled form is kept, which halves the time of the second call. A read-only clone goes without.
enableCompileCache(fileURLToPath(new URL("../../../.toolchain/compile-cache", import.meta.url)));

const [{ runCli }, { declareInstallation }, { stopWithReader }] = await Promise.all([
  import("./index.ts"),
  import("./declare/installation.ts"),
  import("./stop-with-reader.ts"),
]);
stopWithReader();
process.exitCode = await runCli(process.argv.slice(2), declareInstallation);
