/** Words behind the letters of decorated names: operators, primitive types, calling conventions, access. Spelled as llvm-undname spells them. */

/** Names after "?": operators of one character. Constructors (0), destructors (1) and conversions (B) are not here. */
export const OPERATORS: Readonly<Record<string, string>> = {
  "2": "operator new",
  "3": "operator delete",
  "4": "operator=",
  "5": "operator>>",
  "6": "operator<<",
  "7": "operator!",
  "8": "operator==",
  "9": "operator!=",
  A: "operator[]",
  C: "operator->",
  D: "operator*",
  E: "operator++",
  F: "operator--",
  G: "operator-",
  H: "operator+",
  I: "operator&",
  J: "operator->*",
  K: "operator/",
  L: "operator%",
  M: "operator<",
  N: "operator<=",
  O: "operator>",
  P: "operator>=",
  Q: "operator,",
  R: "operator()",
  S: "operator~",
  T: "operator^",
  U: "operator|",
  V: "operator&&",
  W: "operator||",
  X: "operator*=",
  Y: "operator+=",
  Z: "operator-=",
};

/** Names after "?_". */
export const MORE_OPERATORS: Readonly<Record<string, string>> = {
  "0": "operator/=",
  "1": "operator%=",
  "2": "operator>>=",
  "3": "operator<<=",
  "4": "operator&=",
  "5": "operator|=",
  "6": "operator^=",
  D: "`vbase dtor'",
  E: "`vector deleting dtor'",
  F: "`default ctor closure'",
  G: "`scalar deleting dtor'",
  H: "`vector ctor iterator'",
  I: "`vector dtor iterator'",
  J: "`vector vbase ctor iterator'",
  K: "`virtual displacement map'",
  L: "`eh vector ctor iterator'",
  M: "`eh vector dtor iterator'",
  N: "`eh vector vbase ctor iterator'",
  O: "`copy ctor closure'",
  T: "`local vftable ctor closure'",
  U: "operator new[]",
  V: "operator delete[]",
  X: "`placement delete closure'",
  Y: "`placement delete[] closure'",
};

/** Names after "?__". */
export const RARE_OPERATORS: Readonly<Record<string, string>> = {
  A: "`managed vector ctor iterator'",
  B: "`managed vector dtor iterator'",
  C: "`EH vector copy ctor iterator'",
  D: "`EH vector vbase copy ctor iterator'",
  G: "`vector copy ctor iterator'",
  H: "`vector vbase copy constructor iterator'",
  I: "`managed vector vbase copy constructor iterator'",
  L: "operator co_await",
  M: "operator<=>",
};

export const PRIMITIVES: Readonly<Record<string, string>> = {
  X: "void",
  D: "char",
  C: "signed char",
  E: "unsigned char",
  F: "short",
  G: "unsigned short",
  H: "int",
  I: "unsigned int",
  J: "long",
  K: "unsigned long",
  M: "float",
  N: "double",
  O: "long double",
};

/** Types after "_". */
export const MORE_PRIMITIVES: Readonly<Record<string, string>> = {
  D: "__int8",
  E: "unsigned __int8",
  F: "__int16",
  G: "unsigned __int16",
  H: "__int32",
  I: "unsigned __int32",
  J: "__int64",
  K: "unsigned __int64",
  L: "__int128",
  M: "unsigned __int128",
  N: "bool",
  P: "auto",
  Q: "char8_t",
  S: "char16_t",
  T: "decltype(auto)",
  U: "char32_t",
  W: "wchar_t",
};

/** The odd letters between are the same, exported. Attributes end with a blank. */
export const CONVENTIONS: Readonly<Record<string, string>> = {
  A: "__cdecl",
  B: "__cdecl",
  C: "__pascal",
  D: "__pascal",
  E: "__thiscall",
  F: "__thiscall",
  G: "__stdcall",
  H: "__stdcall",
  I: "__fastcall",
  J: "__fastcall",
  K: "",
  L: "",
  M: "__clrcall",
  N: "__clrcall",
  O: "__eabi",
  P: "__eabi",
  Q: "__vectorcall",
  S: "__attribute__((__swiftcall__)) ",
  W: "__attribute__((__swiftasynccall__)) ",
  w: "__regcall",
  x: "__regcall",
};

/** What a function is, by its letter: A to Z. `thunk`: a number for the adjustment of `this` follows. */
export type FunctionClass = { readonly prefix: string; readonly member: boolean; readonly thunk: boolean };

/** Letters come in pairs, near and far; eight to an access: plain, static, virtual, thunk. */
export function functionClass(code: string): FunctionClass | null {
  const index = code.charCodeAt(0) - 0x41;
  if (index < 0 || index > 25 || code.length !== 1) return null;
  const access = ["private: ", "protected: ", "public: "][index >> 3];
  if (access === undefined) return { prefix: "", member: false, thunk: false };
  switch ((index & 7) >> 1) {
    case 0:
      return { prefix: access, member: true, thunk: false };
    case 1:
      return { prefix: `${access}static `, member: false, thunk: false };
    case 2:
      return { prefix: `${access}virtual `, member: true, thunk: false };
    default:
      // A private thunk is not said to be virtual.
      return { prefix: `[thunk]: ${access}${index >> 3 === 0 ? "" : "virtual "}`, member: true, thunk: true };
  }
}

/** Where a variable lives: 0 to 4. */
export const STORAGE: readonly string[] = ["private: static ", "protected: static ", "public: static ", "", ""];
