/**
 * Which modules of a crash are the team's own: only their missing debug files make a crash provisional. Own are
 *
 *   - the main module,
 *   - modules in the same folder as the main one, unless that folder is the operating system's,
 *   - modules whose debug file or code file the organization ever uploaded, compared by name without its extensions,
 *
 * and a project's patterns override that both ways. Where both kinds of pattern match, "not own" wins: it is the exception
 * that somebody wrote down ("everything of ours, but not our copy of that library").
 */

/** What the rule needs of a module; codeFile is the path as recorded. */
export type OwnCandidate = { codeFile: string; debugFile: string | null };

export type OwnRule = {
  /** Of all names that the organization ever uploaded; made by stemsOf. */
  uploadedStems: ReadonlySet<string>;
  /** Patterns with * (any run of characters) and ? (one), without case, against the full path or the base name. */
  ownPatterns: readonly string[];
  notOwnPatterns: readonly string[];
};

/**
 * @param mainModule index of the program itself, null when unknown
 * @returns one boolean per module
 */
export function ownModules(modules: readonly OwnCandidate[], mainModule: number | null, rule: OwnRule): boolean[] {
  const main = mainModule === null ? undefined : modules[mainModule];
  const mainFolder = main === undefined ? null : folderOf(main.codeFile);
  const besideCounts = mainFolder !== null && !isSystemFolder(mainFolder);
  return modules.map((module, index) => {
    if (matchesAny(rule.notOwnPatterns, module.codeFile)) return false;
    if (matchesAny(rule.ownPatterns, module.codeFile)) return true;
    if (index === mainModule) return true;
    if (besideCounts && folderOf(module.codeFile) === mainFolder) return true;
    return rule.uploadedStems.has(stem(module.codeFile)) || (module.debugFile !== null && rule.uploadedStems.has(stem(module.debugFile)));
  });
}

/** Stems of uploaded names, for OwnRule. */
export function stemsOf(names: Iterable<string>): Set<string> {
  const stems = new Set<string>();
  for (const name of names) stems.add(stem(name));
  stems.delete("");
  return stems;
}

/** Extensions that tell the kind of a file, not its name: app.exe, app.pdb, app.sym and app.debug are about one "app". */
const kinds = /\.(?:sym|pdb|exe|dll|sys|ocx|drv|debug|dbg|dwarf|dsym|dylib|bundle|elf|so(?:\.\d+)*)$/;

/** Base name, lower case, without the extensions above: "/opt/x/libfoo.so.1.2.debug" → "libfoo". */
export function stem(path: string): string {
  let name = baseName(path).toLowerCase();
  for (;;) {
    const shorter = name.replace(kinds, "");
    if (shorter === name || shorter === "") return name;
    name = shorter;
  }
}

/** Last segment of a path of any platform. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

/** Folder of a path, in one spelling; null for a bare name, which says nothing about places. */
function folderOf(path: string): string | null {
  const end = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  if (end < 0) return null;
  const folder = path.slice(0, end);
  // Windows paths have no case and two separators; elsewhere both matter.
  return /^[A-Za-z]:|\\/.test(path) ? folder.replaceAll("\\", "/").toLowerCase() : folder;
}

/** Folders where a program may live beside hundreds of modules that are nobody's own. */
function isSystemFolder(folder: string): boolean {
  return (
    /^(?:[a-z]:)?\/windows(?:\/(?:system32|syswow64|sysarm32|winsxs)(?:\/.*)?)?$/.test(folder) ||
    /^\/(?:usr\/)?(?:lib|lib32|lib64|libx32)(?:\/[^/]*-linux-[^/]*)?$/.test(folder) ||
    /^\/(?:system|apex|vendor)\/.*lib(?:64)?(?:\/.*)?$/.test(folder) ||
    /^\/System\/Library(?:\/.*)?$/.test(folder)
  );
}

function matchesAny(patterns: readonly string[], path: string): boolean {
  if (patterns.length === 0) return false;
  const full = path.replaceAll("\\", "/").toLowerCase();
  const base = baseName(full);
  return patterns.some((pattern) => {
    const spelled = pattern.trim().replaceAll("\\", "/").toLowerCase();
    return spelled !== "" && (matches(spelled, full) || matches(spelled, base));
  });
}

/** Glob match in time linear in the text per star (no regular expression: patterns are people's input). */
function matches(pattern: string, text: string): boolean {
  let p = 0;
  let t = 0;
  let star = -1;
  let resume = 0;
  while (t < text.length) {
    if (pattern[p] === "*") {
      star = p;
      p += 1;
      resume = t;
    } else if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t])) {
      p += 1;
      t += 1;
    } else if (star >= 0) {
      resume += 1;
      p = star + 1;
      t = resume;
    } else {
      return false;
    }
  }
  while (pattern[p] === "*") p += 1;
  return p === pattern.length;
}
