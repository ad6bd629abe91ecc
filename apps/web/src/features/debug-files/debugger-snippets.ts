/** How debuggers are pointed at the organization's debug files. Pure. */

export type DebuggerSnippet = { value: string; label: string; note: string; code: string };

/** @param publicUrl without a slash at its end */
export function debuggerSnippets(publicUrl: string): DebuggerSnippet[] {
  const inShell = `${publicUrl}/symbols/$SALVAGE_TOKEN/`;
  const typed = `${publicUrl}/symbols/TOKEN`;
  return [
    {
      value: "gdb",
      label: "gdb",
      note: "Fetches the program and its debug file by build id, for core dumps and running programs. The same setting serves perf, valgrind and elfutils.",
      code: `export DEBUGINFOD_URLS="${inShell}"\ngdb -iex "set debuginfod enabled on" ./program core`,
    },
    {
      value: "windbg",
      label: "WinDbg",
      note: "Put your token in place of TOKEN. Programs come as well as PDBs, so a minidump opens on a machine that has neither.",
      code: `.sympath+ srv*C:\\symbols*${typed}\n.reload`,
    },
    {
      value: "visual-studio",
      label: "Visual Studio",
      note: "Tools, Options, Debugging, Symbols: add this location, with your token in place of TOKEN, and choose a folder to keep what was fetched.",
      code: typed,
    },
    {
      value: "lldb",
      label: "lldb",
      note: "From LLVM 18 on it fetches ELF files by build id. A dSYM is fetched by hand: its UUID in lower case, without hyphens.",
      code: `export DEBUGINFOD_URLS="${inShell}"\nlldb ./program -c core\n\ncurl -fo game.dwarf "${inShell}_.dwarf/mach-uuid-sym-$UUID/_.dwarf"\nlldb ./game -o "target symbols add game.dwarf"`,
    },
    {
      value: "stackwalk",
      label: "minidump-stackwalk",
      note: "Every file that is stored answers as Breakpad symbols, PDBs, dSYMs and ELF files too.",
      code: `minidump-stackwalk --symbols-url "${inShell}" --symbols-cache ~/.cache/symbols crash.dmp`,
    },
  ];
}
