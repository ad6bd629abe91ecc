/** How to get a missing debug file and upload it: the exact commands, chosen by platform. Pure. */
import type { MissingFileView } from "@salvage/contracts";

export type Remedy = {
  /** Where the file comes from, one sentence. */
  where: string;
  /** Makes a file that names can be read from; null when the build has it already. */
  convert: string | null;
  upload: string;
  uploadWithCurl: string;
};

type Wanted = Pick<MissingFileView, "name" | "codeFile" | "debugId" | "codeId" | "os">;

/** Base name in either kind of path. */
function base(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** Quotes a word for a POSIX shell when it needs it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** @param publicUrl origin of this installation */
export function remedyOf(file: Wanted, publicUrl: string, orgSlug: string): Remedy {
  const name = base(file.name);
  const code = base(file.codeFile);
  const symbols = `${name.replace(/\.(pdb|exe|dll)$/i, "")}.sym`;
  const os = (file.os ?? "").toLowerCase();
  const curlUrl = `${publicUrl}/api/v1/organizations/${encodeURIComponent(orgSlug)}/debug-files?name=${encodeURIComponent(symbols)}`;
  return {
    ...source(os, name, code, symbols, file),
    upload: `./salvage upload ${quoted(symbols)} --url ${publicUrl} --org ${orgSlug} --token "$SALVAGE_TOKEN"`,
    uploadWithCurl: `curl -X POST ${quoted(curlUrl)} -H "Authorization: Bearer $SALVAGE_TOKEN" --data-binary ${quoted(`@${symbols}`)}`,
  };
}

function source(os: string, name: string, code: string, symbols: string, file: Wanted): Pick<Remedy, "where" | "convert"> {
  if (os.includes("windows")) {
    return {
      where: `The linker wrote ${name} beside ${code}; take the one of this very build.`,
      convert: `dump_syms ${quoted(name)} > ${quoted(symbols)}`,
    };
  }
  if (os.includes("mac") || os.includes("ios")) {
    const uuid = file.debugId === null ? "" : ` (UUID ${uuidOf(file.debugId)})`;
    return {
      where: `Take the dSYM that Xcode wrote for this build of ${code}${uuid}.`,
      convert: `dump_syms -g ${quoted(`${code}.dSYM`)} ${quoted(code)} > ${quoted(symbols)}`,
    };
  }
  const build = file.codeId === null ? "" : ` with build id ${file.codeId}`;
  return {
    where: `Take the unstripped ${code}${build} from the build, before packaging strips it.`,
    convert: `dump_syms ${quoted(code)} > ${quoted(symbols)}`,
  };
}

/** The first 32 digits of a debug id in the form Xcode prints: 8-4-4-4-12. */
function uuidOf(debugId: string): string {
  const hex = debugId.slice(0, 32).toUpperCase();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** What the file would change, as a sentence: "3 crashes wait; their stacks get names." */
export function gainOf(file: Pick<MissingFileView, "needs" | "waitingCrashes" | "own">): string {
  const gain =
    file.needs === "names"
      ? "functions, files and lines in place of addresses"
      : file.needs === "unwind"
        ? "exact callers in place of guessed ones"
        : "functions, files and lines, and exact callers";
  return file.own && file.waitingCrashes > 0 ? `Brings ${gain}; the waiting crashes upgrade themselves.` : `Would bring ${gain}.`;
}
