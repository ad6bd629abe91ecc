/**
 * How to get a missing debug file and upload it: which files of the build, by platform and by what is needed, each with the id that the
 * platform's own tools print and an exact command. Pure.
 *
 *   Windows x64, ARM64   the PDB has the names, the exe or dll the exact callers
 *   Windows x86          the PDB has both
 *   macOS, iOS           the dSYM has the names, the binary the exact callers
 *   Linux, Android       the unstripped file has both; split, the .debug file has the names, the stripped file the callers
 */
import type { FileNeed, MissingFileView } from "@salvage/contracts";

/** One file to upload. */
export type WantedFile = {
  name: string;
  /** What it is: "the PDB". */
  what: string;
  brings: string;
  id: { label: string; text: string } | null;
  /** Where the build has it, one sentence. */
  where: string;
  upload: string;
  uploadWithCurl: string;
};

export type Remedy = {
  files: WantedFile[];
  /** Another way to the same, one sentence; null when there is none. */
  otherwise: string | null;
};

type Wanted = Pick<MissingFileView, "name" | "codeFile" | "debugId" | "codeId" | "os" | "cpu" | "needs">;
type Target = { publicUrl: string; orgSlug: string };
/** A file before its commands; `path` is what the command line takes, `file` the single file that curl sends. */
type Source = { path: string; file: string } & Pick<WantedFile, "what" | "brings" | "id" | "where">;

const gains: Readonly<Record<FileNeed, string>> = {
  names: "functions, files and lines",
  unwind: "exact callers",
  both: "functions, files and lines, and exact callers",
};

/** @param target.publicUrl origin of this installation */
export function remedyOf(file: Wanted, target: Target): Remedy {
  const os = (file.os ?? "").toLowerCase();
  const { files, otherwise } =
    /windows/.test(os) || isPdb(file) ? windows(file) : /mac|ios|darwin/.test(os) ? apple(file) : unix(file, os.includes("android"));
  return { files: files.map((source) => withCommands(source, target)), otherwise };
}

/** What the file would change, as a sentence: "Brings exact callers; …". */
export function gainOf(file: Pick<MissingFileView, "needs" | "waitingCrashes" | "own">): string {
  const gain =
    file.needs === "names"
      ? "functions, files and lines in place of addresses"
      : file.needs === "unwind"
        ? "exact callers in place of guessed ones"
        : "functions, files and lines, and exact callers";
  return file.own && file.waitingCrashes > 0 ? `Brings ${gain}; the waiting crashes upgrade themselves.` : `Would bring ${gain}.`;
}

type Plan = { files: Source[]; otherwise: string | null };

function windows(file: Wanted): Plan {
  const code = base(file.codeFile);
  const program = (brings: FileNeed, where: string): Source => ({
    ...single(code),
    what: /\.dll$/i.test(code) ? "the DLL" : "the program",
    brings: gains[brings],
    id: idOf("Code id", file.codeId),
    where,
  });
  if (!isPdb(file)) {
    const where = `It was linked without a PDB: take ${code} with its debug information, before strip removes that.`;
    return { files: [program(file.needs, where)], otherwise: null };
  }
  const pdbHasBoth = file.cpu === "x86";
  const pdb = base(file.name);
  const files: Source[] = [];
  if (file.needs !== "unwind" || pdbHasBoth) {
    files.push({
      ...single(pdb),
      what: "the PDB",
      brings: gains[pdbHasBoth ? file.needs : "names"],
      id: idOf("Debug id", file.debugId),
      where: `The linker wrote it beside ${code}; take the one of this very build.`,
    });
  }
  if (file.needs !== "names" && !pdbHasBoth)
    files.push(program("unwind", `${code} as it was shipped: its unwind data is what the callers are found by.`));
  return { files, otherwise: null };
}

function apple(file: Wanted): Plan {
  const code = base(file.codeFile);
  const id = idOf("UUID", file.debugId === null ? file.codeId : uuidOf(file.debugId));
  const bundle = `${bundleOf(file.codeFile)}.dSYM`;
  const files: Source[] = [];
  if (file.needs !== "unwind") {
    files.push({
      path: bundle,
      file: `${bundle}/Contents/Resources/DWARF/${code}`,
      what: "the dSYM",
      brings: gains.names,
      id,
      where: "Xcode writes it beside the product and into the archive's dSYMs folder; otherwise dsymutil makes it from the build.",
    });
  }
  if (file.needs !== "names") {
    files.push({
      ...single(code),
      what: "the binary",
      brings: gains.unwind,
      id,
      where: `${code} as it was shipped: its unwind data is what the callers are found by.`,
    });
  }
  return { files, otherwise: null };
}

function unix(file: Wanted, isAndroid: boolean): Plan {
  const code = base(file.codeFile);
  const id = idOf("Build id", file.codeId) ?? idOf("Debug id", file.debugId);
  const common = { ...single(code), brings: gains[file.needs], id };
  if (file.needs === "unwind") {
    return { files: [{ ...common, what: "the program", where: `${code} as it was shipped, stripped or not.` }], otherwise: null };
  }
  const where = isAndroid
    ? "Gradle keeps it, by CPU, under build/intermediates/merged_native_libs; the copy in the package is stripped."
    : "From the build, before packaging strips it.";
  const otherwise =
    file.needs === "names"
      ? `Where packaging splits it, ${code}.debug has the names as well.`
      : `Where packaging splits it: ${code}.debug has the names, the stripped ${code} the callers. Upload both.`;
  return { files: [{ ...common, what: `the unstripped ${/\.so(\.|$)/.test(code) ? "library" : "program"}`, where }], otherwise };
}

function withCommands({ path, file, ...about }: Source, { publicUrl, orgSlug }: Target): WantedFile {
  const curlUrl = `${publicUrl}/api/v1/organizations/${encodeURIComponent(orgSlug)}/debug-files?name=${encodeURIComponent(base(file))}`;
  return {
    name: path,
    ...about,
    upload: `./salvage upload ${quoted(path)} --url ${publicUrl} --org ${orgSlug} --token "$SALVAGE_TOKEN"`,
    uploadWithCurl: `curl -X POST ${quoted(curlUrl)} -H "Authorization: Bearer $SALVAGE_TOKEN" --data-binary ${quoted(`@${file}`)}`,
  };
}

function single(name: string): { path: string; file: string } {
  return { path: name, file: name };
}

function idOf(label: string, text: string | null): WantedFile["id"] {
  return text === null ? null : { label, text };
}

function isPdb(file: Wanted): boolean {
  return /\.pdb$/i.test(file.name);
}

/** Base name in either kind of path. */
function base(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** What a dSYM is called after: the app or framework that the binary is in, else the binary. */
function bundleOf(codeFile: string): string {
  const folders = codeFile.split("/").slice(0, -1);
  const code = base(codeFile);
  const bundle = folders.findLast((folder) => /\.(app|appex|framework|bundle|xpc)$/.test(folder));
  return bundle?.replace(/\.[^.]+$/, "") === code ? bundle : code;
}

/** The first 32 digits of a debug id in the form Xcode prints: 8-4-4-4-12. */
function uuidOf(debugId: string): string {
  const hex = debugId.slice(0, 32).toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** Quotes a word for a POSIX shell when it needs it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
