/** Declares the commands. Exit codes: 0 = done, 1 = it did not work (nothing was usable, a file is damaged), 2 = called wrongly. */
import { Command, CommanderError, Option } from "commander";
import { CliError } from "./cli-error.ts";
import { COLOUR_CHOICES, type ColourChoice, wantsColours } from "./colours.ts";

/** Runs one command line. @returns the exit code */
export async function runCli(args: readonly string[]): Promise<number> {
  const program = new Command("salvage")
    .description("Salvage's command line: reports, symbols and lookups on this machine, uploads to a server.")
    .exitOverride()
    .showHelpAfterError("(add --help for the options)")
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  declare(program);
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

const collect = (value: string, before: string[]) => [...before, value];

function declare(program: Command): void {
  program
    .command("report")
    .description("Process a minidump on this machine, without a server.")
    .argument("<dump>", "minidump file")
    .option("--symbols <path>", "folder or file with debug files (may be repeated)", collect, [])
    .option("--json", "the report as JSON, with the field names of minidump-stackwalk --json")
    .option("--human", "the report as text (the default)")
    .addOption(
      new Option("--color <when>", "colours in the text: auto is on a terminal, unless NO_COLOR is set")
        .choices(COLOUR_CHOICES)
        .default("auto"),
    )
    .action(async (dump: string, options: { symbols: string[]; json?: boolean; human?: boolean; color: ColourChoice }) => {
      if (options.json && options.human) throw new CliError("choose one of --json and --human.", 2);
      const { report } = await import("./commands/report.ts");
      const colours = wantsColours(options.color, process.stdout.isTTY === true, process.env);
      await report(dump, options.symbols, options.json === true, colours);
    });

  program
    .command("lookup")
    .description("Names at addresses of one debug file.")
    .argument("<path>", "debug file, or folder with the files of one image")
    .argument(
      "<addresses...>",
      "hexadecimal addresses as the file states them (image base included), or - to read them from standard input, one a line",
    )
    .option("--json", 'one line per address: {"address":"0x…","frames":[{"function":…,"file":…,"line":…}]}, innermost first')
    .action(async (path: string, addresses: string[], options: { json?: boolean }) => {
      const { lookup } = await import("./commands/lookup.ts");
      await lookup(path, addresses, options.json === true);
    });

  program
    .command("inspect")
    .description("What files are: kind, ids, CPU, what they have and lack. Minidumps are shown with their modules.")
    .argument("<files...>", "debug files or minidumps")
    .option("--json", "one JSON object per file, one a line")
    .action(async (files: string[], options: { json?: boolean }) => {
      const { inspect } = await import("./commands/inspect.ts");
      inspect(files, options.json === true);
    });

  const symcache = program
    .command("symcache")
    .description("Lookup files: what a server makes of a debug file, so that a crash reads kilobytes of it.");
  symcache
    .command("build")
    .description("Make the lookup file of a debug file; of a fat file one for each image. A progress bar is shown on a terminal.")
    .argument("<file>", "debug file of any kind")
    .option("--out <path>", "where to write it (default: <file>.symcache)")
    .option("--debug-id <id>", "of a fat file only the image with this debug id")
    .option("--json", "one JSON object per lookup file, one a line")
    .action(async (file: string, options: { out?: string; debugId?: string; json?: boolean }) => {
      const { build } = await import("./commands/symcache.ts");
      build(file, options);
    });
  symcache
    .command("dump")
    .description("Show what a lookup file says of itself.")
    .argument("<symcache>", "lookup file")
    .option("--ranges", "and every stretch of addresses with what is there")
    .option("--json", "JSON objects, one a line")
    .action(async (file: string, options: { ranges?: boolean; json?: boolean }) => {
      const { dump } = await import("./commands/symcache.ts");
      dump(file, options);
    });
  symcache
    .command("check")
    .description("Read all of a lookup file. Exit code 1 when it is damaged.")
    .argument("<symcache>", "lookup file")
    .option("--json", "a JSON object")
    .action(async (file: string, options: { json?: boolean }) => {
      const { check } = await import("./commands/symcache.ts");
      check(file, options.json === true);
    });

  program
    .command("upload")
    .description("Upload debug files to a server. Folders are walked, archives looked into; files that are no debug files are passed over.")
    .argument("<paths...>", "debug files, folders, archives")
    .option("--url <url>", "address of the server (or SALVAGE_URL)")
    .option("--org <slug>", "organization (or SALVAGE_ORG)")
    .option("--token <token>", "API token with the scope debug-file:write (or SALVAGE_TOKEN)")
    .option("--project <slug>", "project to note the upload under")
    .option("--json", "one JSON object per file, one a line")
    .action(async (paths: string[], options: { url?: string; org?: string; token?: string; project?: string; json?: boolean }) => {
      const { upload } = await import("./commands/upload.ts");
      await upload(paths, options);
    });

  const user = program.command("user").description("Accounts of the installation on this machine.");
  user
    .command("reset-password")
    .description("Give an account a new password, print it, and end its sessions.")
    .argument("<email>")
    .action(async (email: string) => {
      const { resetPassword } = await import("./commands/user.ts");
      await resetPassword(email);
    });

  const organization = program.command("organization").description("Organizations of the installation on this machine.");
  organization
    .command("quota")
    .description("Show what an organization stores and may store; with a size, set its quota.")
    .argument("<slug>")
    .argument("[size]", "for example 500M or 20G; none takes the quota away")
    .action(async (slug: string, size: string | undefined) => {
      const { quota } = await import("./commands/organization.ts");
      await quota(slug, size);
    });

  const db = program.command("db").description("The database of an installation.");
  db.command("setup")
    .description(
      "Make the three roles and the database on the server that DATABASE_URL (a superuser's address) names, and apply the migrations.",
    )
    .option("--print", "print the SQL for the roles and the database instead, to be run by an administrator")
    .action(async (options: { print?: boolean }) => {
      const { setup } = await import("./commands/db.ts");
      await setup(options.print === true);
    });
}
