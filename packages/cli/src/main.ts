/**
 * The command line: `./salvage COMMAND`. The commands are declared in index.ts, and each one's code is loaded when it runs, so that
 * `--help` and small commands answer at once.
 */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Sources run as they are; their compiled form is kept, which halves the time of the second call. A read-only clone goes without.
enableCompileCache(fileURLToPath(new URL("../../../.toolchain/compile-cache", import.meta.url)));

// `salvage … | head` ends the reader first: no reason for a stack trace.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

const { runCli } = await import("./index.ts");
process.exitCode = await runCli(process.argv.slice(2));
