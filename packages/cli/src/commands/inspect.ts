/** `salvage inspect`: what files are, by their content. */
import { FormatError, identifyObjects, inspectMinidump, type MinidumpOutline, type ObjectVerdict } from "@salvage/core";
import { CliError } from "../cli-error.ts";
import { FileSource } from "../file-source.ts";

/** Prints a block (or a JSON line) per file, of a fat file one for each of its images. Exit code 1 when one of them is neither a debug file nor a minidump. */
export function inspect(files: readonly string[], json: boolean): void {
  let failed = false;
  for (const path of files) {
    try {
      const source = new FileSource(path);
      try {
        if (isMinidump(source)) printDump(path, inspectMinidump(source), json);
        else for (const verdict of identifyObjects(source)) printVerdict(path, verdict, json);
      } finally {
        source.close();
      }
    } catch (error) {
      if (!(error instanceof FormatError) && !(error instanceof CliError)) throw error;
      failed = true;
      const message = error.message.startsWith(path) ? error.message : `${path}: ${error.message}`;
      if (json)
        process.stdout.write(
          `${JSON.stringify({ file: path, error: error.message, offset: error instanceof FormatError ? error.offset : null })}\n`,
        );
      else process.stderr.write(`salvage: ${message}\n`);
    }
  }
  if (failed) process.exitCode = 1;
}

function isMinidump(source: FileSource): boolean {
  return source.size >= 4 && Buffer.from(source.read(0, 4)).toString("latin1") === "MDMP";
}

function printVerdict(path: string, verdict: ObjectVerdict, json: boolean): void {
  if (json) {
    process.stdout.write(
      `${JSON.stringify({
        file: path,
        kind: verdict.kind,
        name: verdict.name,
        debug_id: verdict.debugId,
        code_id: verdict.codeId,
        cpu: verdict.cpu,
        os: verdict.os,
        features: verdict.features,
        convertible: verdict.convertible,
        lacks: verdict.lacks,
      })}\n`,
    );
    return;
  }
  const rows: [string, string | null][] = [
    ["kind", kinds[verdict.kind] ?? verdict.kind],
    ["name", verdict.name],
    ["debug id", verdict.debugId],
    ["code id", verdict.codeId],
    ["cpu", verdict.cpu],
    ["os", verdict.os],
    ["has", verdict.features.join(", ") || "nothing that names functions or unwinds"],
    ["lacks", verdict.lacks.join("\n              ") || null],
  ];
  printRows(path, rows);
}

const kinds: Readonly<Record<string, string>> = {
  breakpad: "Breakpad symbols (.sym)",
  elf: "ELF",
  pe: "PE (exe or dll)",
  pdb: "PDB",
  macho: "Mach-O",
};

function printDump(path: string, outline: MinidumpOutline, json: boolean): void {
  const hex = (value: bigint) => `0x${value.toString(16)}`;
  if (json) {
    const modules = outline.modules.map(({ base, size, codeFile, debugFile, debugId, codeId, touched }) => ({
      code_file: codeFile,
      debug_file: debugFile,
      debug_id: debugId,
      code_id: codeId,
      base_addr: hex(base),
      size,
      touched,
    }));
    process.stdout.write(
      `${JSON.stringify({ file: path, kind: "minidump", os: outline.os, cpu: outline.cpu, main_module: outline.mainModule, modules, warnings: outline.warnings })}\n`,
    );
    return;
  }
  printRows(path, [
    ["kind", "minidump"],
    ["os", outline.os],
    ["cpu", outline.cpu],
    ["modules", `${outline.modules.length}; a stack may touch those marked *`],
    [
      "warnings",
      outline.warnings.length === 0
        ? null
        : outline.warnings.map(({ stream, message }) => `${stream}: ${message}`).join("\n              "),
    ],
  ]);
  for (const { base, codeFile, debugId, codeId, touched } of outline.modules) {
    process.stdout.write(`  ${touched ? "*" : " "} ${hex(base).padStart(18)}  ${(debugId ?? codeId ?? "-").padEnd(33)}  ${codeFile}\n`);
  }
}

function printRows(path: string, rows: readonly [string, string | null][]): void {
  process.stdout.write(
    `${path}\n${rows.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(10)}  ${value}\n`])).join("")}`,
  );
}
