/**
 * Names as Visual C++ and clang for Windows decorate them ("?f@C@@QEAAXH@Z" → "public: void __cdecl C::f(int)"), in llvm-undname's spelling.
 * symbol-parser.ts, type-parser.ts and name-parser.ts hold the grammar, print.ts the spelling. There is no public specification; the facts
 * come from what compilers write and what llvm-undname and undname answer.
 *
 * Ours beside llvm-undname 19: names of ARM64EC and of the common language runtime (`$$h`, `$$F`), objects, arrays, unions and floats as template arguments, interfaces as scopes, all
 * bases of a table, `__regcall`, `__int8` to `__int128` and the volatile rvalue reference are read; an unknown operator is no name. What
 * follows a complete name is ignored, as there.
 */
import { FormatError } from "../../bytes/format-error.ts";
import { Printer } from "./print.ts";
import { SymbolParser } from "./symbol-parser.ts";

/** Compilers replace names of more than 4096 characters by a digest; this is far above what older ones wrote. */
const maxInput = 65_536;

/** The readable name; null for what is no decorated name, or writes more than the limits allow. Never throws. */
export function demangleMsvc(mangled: string): string | null {
  const first = mangled.charCodeAt(0);
  if ((first !== 0x3f && first !== 0x2e) || mangled.length > maxInput) return null;
  try {
    const parser = new SymbolParser(mangled);
    const symbol = parser.symbol();
    // A type's name is whole or it is something else that begins with a dot.
    if (first === 0x2e && parser.pos !== mangled.length) return null;
    const printer = new Printer();
    printer.symbol(symbol);
    return printer.out;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
}
