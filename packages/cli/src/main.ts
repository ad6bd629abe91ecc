/**
 * The command line: `./salvage COMMAND`. This file only declares the commands; each one's code is loaded when it runs, so that
 * `--help` and small commands answer at once.
 */
import { runCli } from "./index.ts";

process.exitCode = await runCli(process.argv.slice(2));
