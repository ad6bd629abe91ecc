/**
 * A file key names the debug file that a module wants: its debug id, or code id and name where a module has no debug id.
 * Debug ids are kept in Breakpad form: 32 upper-case hex digits, then the age in lower-case hex, age 0 written.
 */

/** Nil debug id: never stored, never matched. */
const nil = /^0{33}$/;

/**
 * @param debugId Breakpad form or null
 * @param codeId native id in lower-case hex or null
 * @param name base name of the code file
 * @returns the key, or null when nothing identifies the file
 */
export function fileKey(debugId: string | null, codeId: string | null, name: string): string | null {
  if (debugId !== null && !nil.test(debugId)) return debugId;
  if (codeId !== null && codeId !== "") return `code:${codeId.toLowerCase()}/${name.toLowerCase()}`;
  return null;
}
