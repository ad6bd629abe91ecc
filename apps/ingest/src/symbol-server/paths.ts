/**
 * What a debugger asks for, out of the path below `/symbols/<organization>/`. Four families of paths, told apart by their form:
 *
 *   symstore (WinDbg, Visual Studio, dotnet-symbol, Symbolicator; SSQP)   [<na>/]<name>/<id>/<name>
 *       id = GUID and age · time stamp and image size · elf-buildid-<id> · elf-buildid-sym-<id> · mach-uuid-<uuid> · mach-uuid-sym-<uuid>
 *       last = the name · the name with "_" at its end (compressed) · file.ptr · <name>.src.zip
 *   Breakpad (minidump-stackwalk, Firefox profiler, Symbolicator)         <name>/<id>/<name>.sym, ".pdb" replaced and otherwise appended
 *       id = debug id, or a code id, which answers with the place by debug id
 *   debuginfod (gdb, elfutils, systemtap)                                 buildid/<id>/debuginfo|executable|source/<path>|section/<name>
 *   unified (Symbolicator)                                                <id, 2 digits>/<the rest>/debuginfo|executable|breakpad|sourcebundle
 *
 * Names and ids are compared without case. An id that is unique by itself is enough, whatever the name ("_" is one that asks for any);
 * a time stamp and size are not. `<na>` are the first two letters of the name (a store with index2.txt).
 */
import { type DebugFileKind, fileKey } from "@salvage/contracts";

export type Wanted = {
  /** File keys, any of which the file may answer to. */
  fileKeys: string[];
  part: "executable" | "debuginfo" | "sources" | "sym";
  /** Kinds of file that are meant. */
  kinds: readonly DebugFileKind[];
  /** Of an ELF file: exactly this, or what it is with zeros behind; null when not asked by build id. */
  buildId: string | null;
  /** Only this section of it. */
  section: string | null;
  /** Of a .sym: the debug ids under which it is answered; asked by a code id, the answer is where it lies by debug id. Null: answered at once. */
  debugIds: readonly string[] | null;
};

/** Beyond this nobody names a file; the database has keys of this length. */
const maxNameLength = 500;
/** Build ids: 2 to 64 bytes. */
const buildIdForm = /^(?:[0-9a-f]{2}){2,64}$/;
/** dotnet/symstore pads shorter build ids to this many digits. */
const paddedBuildIdLength = 40;
const executableSuffix = /\.(?:exe|dll)$/;

/** @param path percent-decoded, without a slash at the start. @returns null for what is no path of a file that could be here */
export function parsePath(path: string): Wanted | null {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no name has them
  if (/[\u0000-\u001f]/.test(path)) return null;
  const asWritten = path.split("/");
  const segments = asWritten.map((segment) => segment.toLowerCase());
  if (segments.some((segment) => segment === "." || segment === ".." || segment.length > maxNameLength)) return null;
  const [first = "", second = "", third = ""] = segments;
  if (first === "buildid") return debuginfod(second, third, asWritten.slice(3));
  const part = segments.length === 3 && /^[0-9a-f]{2}$/.test(first) ? unifiedParts.get(third) : undefined;
  if (part !== undefined) return unified(first + second, part);
  const [name = "", id = "", last = "", ...rest] = segments.length === 4 && first === second.slice(0, 2) ? segments.slice(1) : segments;
  return rest.length > 0 ? null : symstore(name, id, last);
}

function debuginfod(id: string, what: string, more: readonly string[]): Wanted | null {
  if (!buildIdForm.test(id)) return null;
  const [section = null, ...deeper] = more;
  const wanted = { ...nothing, fileKeys: buildIdKeys(id), kinds: ["elf"], buildId: id } as const;
  if (what === "section" && section && deeper.length === 0) return { ...wanted, part: "debuginfo", section };
  return section === null && (what === "debuginfo" || what === "executable") ? { ...wanted, part: what } : null;
}

const nothing = { buildId: null, section: null, debugIds: null };
const programs = ["elf", "pe", "macho"] as const;
const debugFiles = ["elf", "pdb", "macho"] as const;
const unifiedParts: ReadonlyMap<string, Wanted["part"]> = new Map([
  ["executable", "executable"],
  ["debuginfo", "debuginfo"],
  ["breakpad", "sym"],
  ["sourcebundle", "sources"],
]);
const kindsOfPart = { executable: programs, debuginfo: debugFiles, sym: debugFiles, sources: ["sourcebundle"] } as const;

function unified(id: string, part: Wanted["part"]): Wanted | null {
  if (!/^[0-9a-f]+$/.test(id)) return null;
  const fileKeys = [...debugIdKeys(id), ...uuidKeys(id), ...buildIdKeys(id)];
  return { ...nothing, fileKeys, part, kinds: kindsOfPart[part] };
}

function symstore(name: string, id: string, last: string): Wanted | null {
  if (name === "" || last === "") return null;
  const marked = /^(elf-buildid|mach-uuid)-(sym-)?([0-9a-f]+)$/.exec(id);
  if (marked !== null) {
    if (last !== name) return null;
    const [, mark, sym, digits = ""] = marked;
    const part = sym === undefined ? "executable" : "debuginfo";
    if (mark === "mach-uuid") return { ...nothing, fileKeys: uuidKeys(digits), part, kinds: ["macho"] };
    return { ...nothing, fileKeys: buildIdKeys(digits), part, kinds: ["elf"], buildId: digits };
  }
  if (!/^[0-9a-f]{9,128}$/.test(id)) return null;
  const debugIds = debugIdKeys(id);
  const codeKey = fileKey(null, id, name) ?? "";
  const fileKeys = [...debugIds, ...uuidKeys(id), ...buildIdKeys(id), codeKey];
  if (symNames(name).includes(last)) return { ...nothing, fileKeys, part: "sym", kinds: debugFiles, debugIds };
  if (last === `${name}.src.zip`) return { ...nothing, fileKeys: debugIds, part: "sources", kinds: kindsOfPart.sources };
  if (last !== name) return null;
  // A GUID with its age names a PDB whatever the file is called, and has an odd number of digits, which no build id has.
  if (debugIds.length > 0 && (name.endsWith(".pdb") || id.length === 33))
    return { ...nothing, fileKeys: debugIds, part: "debuginfo", kinds: ["pdb"] };
  return { ...nothing, fileKeys, part: "executable", kinds: programs };
}

/** What a .sym may be called: clients replace ".pdb" and append to other names; some replace ".exe" and ".dll", too. */
export function symNames(debugFile: string): string[] {
  const lower = debugFile.toLowerCase();
  if (lower.endsWith(".pdb")) return [`${debugFile.slice(0, -4)}.sym`];
  return [`${debugFile}.sym`, ...(executableSuffix.test(lower) ? [`${debugFile.slice(0, -4)}.sym`] : [])];
}

/** GUID or time stamp, each with its age. */
function debugIdKeys(id: string): string[] {
  const form = /^([0-9a-f]{32})0*([0-9a-f]{1,8})$/.exec(id) ?? /^([0-9a-f]{8})0*([0-9a-f]{1,8})$/.exec(id);
  return form === null ? [] : [`${form[1]?.toUpperCase()}${form[2]}`];
}

/** Of Mach-O the code id is the debug id without the age, which is 0. */
const uuidKeys = (id: string) => (/^[0-9a-f]{32}$/.test(id) ? [`${id.toUpperCase()}0`] : []);

/**
 * The debug id of an ELF file is the start of its build id read as a GUID: of little-endian files the first three numbers turn round.
 * Which it was cannot be seen in the id.
 */
function buildIdKeys(id: string): string[] {
  if (!buildIdForm.test(id)) return [];
  const guid = id.padEnd(32, "0").slice(0, 32).toUpperCase();
  const turned = [guid.slice(0, 8), guid.slice(8, 12), guid.slice(12, 16)].map((group) => group.match(/../g)?.reverse().join("")).join("");
  return [`${turned}${guid.slice(16)}0`, `${guid}0`];
}

/** Whether a file's build id is the one asked for, as it is or padded. */
export function sameBuildId(codeId: string | null, asked: string): boolean {
  const own = codeId?.toLowerCase() ?? "";
  return own !== "" && (own === asked || (asked.length === paddedBuildIdLength && own.padEnd(paddedBuildIdLength, "0") === asked));
}
