/** `salvage report`: the same core as the server's, on one minidump and local symbol folders. */
import { cpuOfMinidump, FormatError, processMinidump, type Report, reportToText } from "@salvage/core";
import { openDisassembler } from "@salvage/disassembler";
import { CliError } from "../cli-error.ts";
import { FileSource } from "../file-source.ts";
import { ownRule } from "../own.ts";
import { SymbolFolders } from "../symbols.ts";

/** Prints the report on standard output and hints on standard error. Throws CliError when the file is no minidump. */
export async function report(dump: string, folders: readonly string[], json: boolean, colours: boolean): Promise<void> {
  const source = new FileSource(dump);
  const symbols = new SymbolFolders(folders);
  let made: Report;
  try {
    made = processMinidump(source, {
      image: (module) => symbols.image(module),
      own: ownRule(symbols.names()),
      disassemble: await openDisassembler(cpuOfMinidump(source)),
    });
  } catch (error) {
    if (error instanceof FormatError) throw new CliError(`${dump}: ${error.message}`);
    throw error;
  }
  process.stdout.write(json ? `${JSON.stringify(made, null, 2)}\n` : reportToText(made, { colours }));
  for (const { id, paths } of symbols.conflicts)
    process.stderr.write(`salvage: ${paths.join(" and ")} both claim to be ${id} and differ; both are used, the second first.\n`);
  for (const module of made.modules) {
    if (!module.missing_symbols || folders.length === 0) continue;
    const other = symbols.otherBuild({
      codeFile: module.code_file,
      debugFile: module.debug_file,
      debugId: module.debug_id,
      codeId: module.code_id,
    });
    if (other !== null)
      process.stderr.write(
        `salvage: ${other} is of another build of ${module.filename}; this crash needs ${module.debug_id ?? module.code_id}.\n`,
      );
  }
}
