/** Long C++ and Rust names made readable: template arguments and parameters become "…". The full name stays one key away. */

/** What names of Windows begin with: "public: virtual void __cdecl ". */
const accessAndReturnType =
  /^(?:\[thunk\]: )?(?:(?:public|protected|private): )?[^(]*?\b__(?:cdecl|thiscall|stdcall|fastcall|vectorcall|clrcall|regcall) (?=\S)/;

/**
 * "std::vector<int, std::allocator<int>>::push_back(int const&)" → "std::vector<…>::push_back(…)".
 * "public: void __cdecl Shape::draw(int)" → "Shape::draw(…)". Keeps operators, "(anonymous namespace)" and Rust's "<T as Trait>" whole.
 */
export function shortFunctionName(full: string): string {
  const name = full.replace(accessAndReturnType, "");
  let out = "";
  let at = 0;
  while (at < name.length) {
    const rest = name.slice(at);
    const operator = /^operator\s*(\(\)|<=>|<<=?|>>=?|<=?|>=?|->\*?)/.exec(rest);
    if (operator !== null && !/\w$/.test(out)) {
      out += operator[0];
      at += operator[0].length;
      continue;
    }
    const char = name.charAt(at);
    if (char === "(" && !rest.startsWith("(anonymous namespace)")) {
      const end = closing(name, at, "(", ")");
      out += end - at === 1 ? "()" : "(…)";
      at = end + 1;
      continue;
    }
    if (char === "(") {
      out += "(anonymous namespace)";
      at += "(anonymous namespace)".length;
      continue;
    }
    if (char === "<" && /[\w}]$/.test(out)) {
      const end = closing(name, at, "<", ">");
      out += "<…>";
      at = end + 1;
      continue;
    }
    out += char;
    at++;
  }
  return out;
}

/** Index of the bracket that closes the one at `open`; the last index when none does. */
function closing(text: string, open: number, up: string, down: string): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === up) depth++;
    // "->" in a template argument is no closing bracket.
    else if (char === down && !(down === ">" && text.charAt(at - 1) === "-")) {
      depth--;
      if (depth === 0) return at;
    }
  }
  return text.length - 1;
}
