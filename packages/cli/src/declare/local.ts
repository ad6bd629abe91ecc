/** Commands that work on this machine alone. */
import { type Command, Option } from "commander";
import { CliError } from "../cli-error.ts";
import { COLOUR_CHOICES, type ColourChoice, wantsColours } from "../colours.ts";
import { collect, example } from "./shared.ts";

export function declareLocal(program: Command): void {
  example(
    program
      .command("report")
      .description("Process a minidump on this machine, without a server.")
      .argument("<dump>", "minidump file")
      .option("--symbols <path>", "folder or file with debug files (may be repeated)", collect, [])
      .option("--json", "the report as JSON, with the field names of minidump-stackwalk --json")
      .option("--human", "the report as text (the default)")
      .addOption(colourOption())
      .action(async (dump: string, options: { symbols: string[]; json?: boolean; human?: boolean; color: ColourChoice }) => {
        if (options.json && options.human) throw new CliError("choose one of --json and --human.", 2);
        const { report } = await import("../commands/report.ts");
        await report(dump, options.symbols, options.json === true, colours(options.color));
      }),
    "salvage report crash.dmp --symbols build/",
  );

  example(
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
        const { lookup } = await import("../commands/lookup.ts");
        await lookup(path, addresses, options.json === true);
      }),
    "salvage lookup game.pdb 0x140001a2f",
  );

  example(
    program
      .command("inspect")
      .description("What files are: kind, ids, CPU, what they have and lack. Minidumps are shown with their modules.")
      .argument("<files...>", "debug files or minidumps")
      .option("--json", "one JSON object per file, one a line")
      .action(async (files: string[], options: { json?: boolean }) => {
        const { inspect } = await import("../commands/inspect.ts");
        inspect(files, options.json === true);
      }),
    "salvage inspect game.exe game.pdb crash.dmp",
  );

  const symcache = program
    .command("symcache")
    .description("Lookup files: what a server makes of a debug file, so that a crash reads kilobytes of it.");
  example(
    symcache
      .command("build")
      .description("Make the lookup file of a debug file; of a fat file one for each image. A progress bar is shown on a terminal.")
      .argument("<file>", "debug file of any kind")
      .option("--out <path>", "where to write it (default: <file>.symcache)")
      .option("--debug-id <id>", "of a fat file only the image with this debug id")
      .option("--json", "one JSON object per lookup file, one a line")
      .action(async (file: string, options: { out?: string; debugId?: string; json?: boolean }) => {
        const { build } = await import("../commands/symcache.ts");
        build(file, options);
      }),
    "salvage symcache build game.pdb --out game.symcache",
  );
  example(
    symcache
      .command("dump")
      .description("Show what a lookup file says of itself.")
      .argument("<symcache>", "lookup file")
      .option("--ranges", "and every stretch of addresses with what is there")
      .option("--json", "JSON objects, one a line")
      .action(async (file: string, options: { ranges?: boolean; json?: boolean }) => {
        const { dump } = await import("../commands/symcache.ts");
        dump(file, options);
      }),
    "salvage symcache dump game.symcache --ranges",
  );
  example(
    symcache
      .command("check")
      .description("Read all of a lookup file. Exit code 1 when it is damaged.")
      .argument("<symcache>", "lookup file")
      .option("--json", "a JSON object")
      .action(async (file: string, options: { json?: boolean }) => {
        const { check } = await import("../commands/symcache.ts");
        check(file, options.json === true);
      }),
    "salvage symcache check game.symcache",
  );
}

export function colourOption(): Option {
  return new Option("--color <when>", "colours in the text: auto is on a terminal, unless NO_COLOR is set")
    .choices(COLOUR_CHOICES)
    .default("auto");
}

export const colours = (choice: ColourChoice) => wantsColours(choice, process.stdout.isTTY === true, process.env);
