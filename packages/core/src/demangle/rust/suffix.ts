/** What compilers append to a Rust name behind its end: `.llvm.9D1C9369` when link-time optimisation renames a local, `.cold`, `.exit.i`. */

/** Where the renaming of link-time optimisation begins, else the name's length. Linkers may have added a version (`@@16`). */
export function endWithoutLlvm(name: string): number {
  const start = name.indexOf(".llvm.");
  return start >= 0 && /^[A-F0-9@]*$/.test(name.slice(start + 6)) ? start : name.length;
}

/** Whether this may stand behind a name: nothing, or a point and printable ASCII without blanks. */
export function isSuffix(text: string): boolean {
  return text === "" || /^\.[!-~]*$/.test(text);
}
