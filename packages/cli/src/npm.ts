/** The command line as npm installs it: bundled into one file, without the commands that need the clone. */
import module from "node:module";
import { runCli } from "./index.ts";
import { stopWithReader } from "./stop-with-reader.ts";

// Node 22 and later keep the compiled form of the bundle in a folder of their own choice.
module.enableCompileCache?.();
stopWithReader();
process.exitCode = await runCli(process.argv.slice(2));
