/**
 * The command line: commands are declared in declare/, each one's code is loaded when it runs.
 * Exit codes: 0 = done, 1 = it did not work (nothing was usable, something was refused or is damaged), 2 = called wrongly, 3 = the server could not
 * be reached or is not ready, 4 = the time that was to be waited is over.
 */
import { Command, CommanderError } from "commander";
import manifest from "../package.json" with { type: "json" };
import { CliError } from "./cli-error.ts";
import { declareCompletion } from "./declare/completion.ts";
import { declareLocal } from "./declare/local.ts";
import { declareServer } from "./declare/server.ts";

/**
 * Runs one command line.
 * @param declareMore adds commands that only some builds have
 * @returns the exit code
 */
export async function runCli(args: readonly string[], declareMore: (program: Command) => void = () => undefined): Promise<number> {
  const program = new Command("salvage")
    .description("Salvage's command line: reports, symbols and lookups on this machine; debug files and crashes on a server.")
    .version(manifest.version)
    .exitOverride()
    .showHelpAfterError("(add --help for the options)")
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  declareLocal(program);
  declareServer(program);
  declareMore(program);
  declareCompletion(program);
  try {
    await program.parseAsync(args, { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof CliError) {
      process.stderr.write(`salvage: ${error.message}\n`);
      return error.exitCode;
    }
    if (isSentence(error)) {
      process.stderr.write(`salvage: ${error.message}\n`);
      return 1;
    }
    throw error;
  }
}

/** Errors of other packages whose message is meant for people as it stands. */
function isSentence(error: unknown): error is Error {
  return error instanceof Error && ["FormatError", "StartError", "EnvError"].includes(error.name);
}
