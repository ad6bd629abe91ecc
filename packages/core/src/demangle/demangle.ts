/**
 * The readable name of any mangled name. Which mangling it is shows in the first letters:
 *
 *   _Z __Z             C++ (Itanium ABI), in llvm's spelling; ___Z… with _block_invoke: blocks inside C++ functions
 *   _ZN…17h…E          Rust before v0: a C++ name that ends in a hash of 16 hex digits
 *   _R __R             Rust v0
 *   ? .?               C++ of Visual C++ and of others on Windows, in llvm-undname's spelling
 *   $s $S _$s _T0 _Tt  Swift; @__swiftmacro_… and async_Main… too
 *   _OBJC_CLASS_$__Tt… what Objective-C sees of a Swift class, and _OBJC_METACLASS_$__Tt…
 *
 * Mach-O puts an underscore before each name; import tables of Windows `__imp_`. Linkers and disassemblers append `@plt`, `@@GLIBC_2.2.5`,
 * which stays as it is; compilers append `.cold`, `.part.0`, `.llvm.123`, which is spelled like llvm does: ` (.cold)` in C++, unchanged in Rust,
 * where `.llvm.…` is left out. Names of C and of Objective-C (`-[Class method]`) are readable as they are: null.
 */
import { demangleItanium } from "./itanium/demangle-itanium.ts";
import { demangleMsvc } from "./msvc/demangle-msvc.ts";
import { demangleRustLegacy, isRustLegacy } from "./rust/legacy.ts";
import { demangleRustV0 } from "./rust/v0.ts";
import { demangleSwift } from "./swift/demangle-swift.ts";

const importPrefix = "__imp_";
const objectiveC = /^_?OBJC_(CLASS|METACLASS)_\$_(_Tt.+)$/;
/** The main function of an async Swift program, and the parts it is split into: anything else may be a function of C. */
const asyncMain = /^_?async_Main(?:T[QY]\d*_)?(?:\.[.\w]*)?$/;

/** The readable name; null when the name is not mangled, is damaged or exceeds the limits of its mangling. Never throws. */
export function demangle(name: string): string | null {
  if (!name.startsWith(importPrefix)) return demangleOwn(name);
  const imported = demangleOwn(name.slice(importPrefix.length));
  return imported === null ? null : `import thunk for ${imported}`;
}

function demangleOwn(name: string): string | null {
  const first = name.charCodeAt(0);
  if (first === 0x3f /* ? */ || first === 0x2e /* . */) return demangleMsvc(name);
  if (first === 0x24 /* $ */ || first === 0x40 /* @ */) return demangleSwift(name);
  if (first === 0x4f /* O */) return objectiveCData(name);
  if (first === 0x61 /* a */) return swiftMain(name);
  if (first !== 0x5f /* _ */) return null;
  const whole = behindUnderscore(name);
  if (whole !== null) return whole;
  const version = name.indexOf("@");
  const bare = version < 0 ? null : behindUnderscore(name.slice(0, version));
  return bare === null ? null : bare + name.slice(version);
}

function behindUnderscore(name: string): string | null {
  let start = 1;
  while (start < 4 && name.charCodeAt(start) === 0x5f /* _ */) start++;
  switch (name.charCodeAt(start)) {
    case 0x5a /* Z */:
      return (isRustLegacy(name) ? demangleRustLegacy(name) : null) ?? demangleItanium(name);
    case 0x52 /* R */:
      return demangleRustV0(name);
    case 0x24 /* $ */:
    case 0x54 /* T */:
      return demangleSwift(name);
    case 0x4f /* O */:
      return objectiveCData(name);
    case 0x61 /* a */:
      return swiftMain(name);
    default:
      return null;
  }
}

function swiftMain(name: string): string | null {
  return asyncMain.test(name) ? demangleSwift(name) : null;
}

/** The data that stands for a Swift class in Objective-C. Classes of Objective-C itself are readable as they are. */
function objectiveCData(name: string): string | null {
  const [, kind, type] = objectiveC.exec(name) ?? [];
  const readable = type === undefined ? null : demangleSwift(type);
  return readable === null ? null : `Objective-C ${kind === "CLASS" ? "class" : "metaclass"} of ${readable}`;
}
