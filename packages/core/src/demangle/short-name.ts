/**
 * The short form of a readable name, for titles: what is called, without what it takes and gives.
 *
 *   void foo::bar<int, char>(int (*)(char)) const         foo::bar<…>
 *   main::run(int)::'lambda'(char)::operator()(char)      main::run::'lambda'::operator()
 *   <alloc::vec::Vec<u8> as Drop>::drop                   <alloc::vec::Vec<…> as Drop>::drop
 *   public: bool __cdecl A::operator<<int>(int)           A::operator<<…>
 *
 * Left out: return type, access and calling convention, parameters (also of functions that something is local to), qualifiers, ABI tags,
 * suffixes of clones, Swift's result types. Template arguments become `<…>`, so that a template is told from what is none. Kept: operators
 * and conversion operators, lambdas, anonymous namespaces, Rust's `<T as Trait>` and `<impl Trait for T>`, and the words of special names
 * (`vtable for`). It works on the text alone, so the languages' spellings must not contradict each other: a text that does not fit (brackets
 * that do not match) comes back as it is.
 */

/** Functions inside declarators and quotes: each is scanned again. Real names have two. */
const maxNesting = 8;

/** Words that a special name keeps in front. */
const specialWords = [
  "vtable for ",
  "VTT for ",
  "construction vtable for ",
  "typeinfo for ",
  "typeinfo name for ",
  "guard variable for ",
  "reference temporary for ",
  "covariant return thunk to ",
  "virtual thunk to ",
  "non-virtual thunk to ",
  "thread-local wrapper routine for ",
  "thread-local initialization routine for ",
  "initializer for module ",
  "template parameter object for ",
  "invocation function for block in ",
  "transaction clone for ",
  "non-transaction clone for ",
  "import thunk for ",
];

/** Longest first, so that `<` does not hide `<<=`. */
const operatorSymbols = [
  ...["()", "[]", "<=>", "<<=", ">>=", "->*", "->", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "++", "--"],
  ...["+=", "-=", "*=", "/=", "%=", "^=", "&=", "|=", "<", ">", "+", "-", "*", "/", "%", "^", "&", "|", "~", "!", "=", ","],
];

const qualifiers = /(?: const| volatile| restrict| &&| &| noexcept)+/y;

export function shortName(demangled: string): string {
  return shorten(demangled, 0);
}

function shorten(text: string, nesting: number): string {
  if (nesting > maxNesting || /^[-+]\[/.test(text)) return text;
  const words = specialWords.find((special) => text.startsWith(special));
  if (words !== undefined) return words + shorten(text.slice(words.length), nesting + 1);
  const closure = /^(closure #\d+ ).*? in /.exec(text);
  if (closure !== null) return `${closure[1]}in ${shorten(text.slice(closure[0].length), nesting + 1)}`;
  const short = new Shortener(text, nesting).run();
  return short === null || short === "" ? text : short;
}

class Shortener {
  readonly #text: string;
  readonly #nesting: number;
  #position = 0;
  /** The name so far; begins anew behind each blank, as a return type may stand before. */
  #name = "";
  /** What was added last. (To ask the whole how it ends would copy it each time.) */
  #last = "";
  #hasParameters = false;

  constructor(text: string, nesting: number) {
    this.#text = text;
    this.#nesting = nesting;
  }

  /** Null when brackets do not match. */
  run(): string | null {
    const text = this.#text;
    while (this.#position < text.length) {
      const start = this.#position;
      switch (text[start]) {
        case " ":
          if (!this.#blank()) return this.#name;
          break;
        case "<":
          if (!this.#angled()) return null;
          break;
        case "(": {
          const inner = this.#declared();
          if (inner !== null) return inner;
          if (!this.#parenthesized()) return null;
          break;
        }
        case "[":
          if (!this.#bracketed()) return null;
          break;
        case "{":
          if (!this.#braced()) return null;
          break;
        case "`":
          if (!this.#quoted()) return null;
          break;
        case "o":
          if (this.#operator()) break;
          this.#word();
          break;
        default:
          this.#word();
      }
    }
    return this.#name;
  }

  #add(piece: string): void {
    this.#name += piece;
    this.#last = piece;
  }

  #word(): void {
    const start = this.#position++;
    while (this.#position < this.#text.length && !/[ <([{`o]/.test(this.#text[this.#position]!)) this.#position++;
    this.#add(this.#text.slice(start, this.#position));
    this.#hasParameters = false;
  }

  /** Between a type and the name, or behind it: then false, unless the name of something local goes on (`f() const::x`). */
  #blank(): boolean {
    const text = this.#text;
    const start = this.#position;
    if (this.#name !== "") {
      qualifiers.lastIndex = start;
      const end = qualifiers.test(text) ? qualifiers.lastIndex : start;
      if (this.#hasParameters && text.startsWith("::", end)) {
        this.#position = end;
        return true;
      }
      const isAtEnd = this.#hasParameters || /^ (?::|->|\[|\(\.|requires |infix|prefix|postfix)/.test(text.slice(start, start + 12));
      if (isAtEnd) return false;
    }
    this.#position++;
    this.#name = "";
    return true;
  }

  /** Template arguments; or at the start of a name or of a part of it, what Rust and Visual C++ write in angles. */
  #angled(): boolean {
    const end = matching(this.#text, this.#position);
    if (end < 0) return false;
    const inner = this.#text.slice(this.#position + 1, end);
    const isPart = this.#name === "" || this.#last.endsWith("::");
    if (/^(?:lambda_|unnamed-)/.test(inner)) this.#add(`<${inner}>`);
    else if (isPart && (this.#name === "" || inner.startsWith("impl "))) this.#add(`<${collapsed(inner)}>`);
    else this.#add("<…>");
    this.#position = end + 1;
    return true;
  }

  /** The name inside a declarator of its return type, `int (*f(char))[3]`; null when there is none here. */
  #declared(): string | null {
    const start = this.#position;
    if (this.#text[start - 1] !== " " || !/^\((?:__\w+ )?(?:[\w:<>, ]*::)?[*&]/.test(this.#text.slice(start, start + 256))) return null;
    const end = matching(this.#text, start);
    if (end < 0) return null;
    const inner = this.#text.slice(start + 1, end).replace(/^(?:__\w+ )?(?:[\w:<>, ]*::)?[*&]+(?: const| volatile)* ?/, "");
    return shorten(inner, this.#nesting + 1);
  }

  #parenthesized(): boolean {
    const end = matching(this.#text, this.#position);
    if (end < 0) return false;
    const isName = this.#text.startsWith("(anonymous ", this.#position);
    if (isName) this.#add(this.#text.slice(this.#position, end + 1));
    else this.#hasParameters = this.#name !== "" && this.#name !== "decltype";
    this.#position = end + 1;
    return true;
  }

  /** ABI tags are left out; at the start of a name these are structured bindings. */
  #bracketed(): boolean {
    const end = matching(this.#text, this.#position);
    if (end < 0) return false;
    if (this.#name === "" || this.#last.endsWith("::")) this.#add(this.#text.slice(this.#position, end + 1));
    this.#position = end + 1;
    return true;
  }

  /** `{closure#0}`, `{lambda(int)#1}` */
  #braced(): boolean {
    const end = matching(this.#text, this.#position);
    if (end < 0) return false;
    this.#add(this.#text.slice(this.#position, end + 1).replace(/\(.*\)/, ""));
    this.#position = end + 1;
    return true;
  }

  /** What Visual C++ writes in quotes: a word of its own, or the function that something is local to. */
  #quoted(): boolean {
    let depth = 0;
    let end = this.#position;
    for (; end < this.#text.length; end++) {
      if (this.#text[end] === "`") depth++;
      else if (this.#text[end] === "'" && --depth === 0) break;
    }
    if (depth !== 0) return false;
    const inner = this.#text.slice(this.#position + 1, end);
    this.#add(inner.includes("(") ? shorten(inner, this.#nesting + 1) : `\`${inner}'`);
    this.#position = end + 1;
    this.#hasParameters = false;
    return true;
  }

  /** Whether an operator stands here; it is read. */
  #operator(): boolean {
    const text = this.#text;
    const start = this.#position;
    const end = operatorEnd(text, start);
    if (end < 0) return false;
    this.#hasParameters = false;
    this.#position = end;
    if (end > start + 8) {
      this.#add(text.slice(start, end));
      // binutils keeps `operator<< <int>` apart from `operator<<<int>`.
      if (text.startsWith(" <", end)) this.#position++;
      return true;
    }
    // A conversion: the type up to the parameters is the name.
    let open = end;
    while (open < text.length && text[open] !== "(") {
      const close = text[open] === "<" ? matching(text, open) : open;
      open = (close < 0 ? text.length : close) + 1;
    }
    this.#add(`operator${collapsed(text.slice(end, open))}`);
    this.#position = Math.min(open, text.length);
    return true;
  }
}

/** Behind the operator that is named at `start`; behind the word itself when it is a conversion; -1 when the word is not there. */
function operatorEnd(text: string, start: number): number {
  if (!text.startsWith("operator", start) || /[\w$]/.test(text[start - 1] ?? " ") || /[\w$]/.test(text[start + 8] ?? " ")) return -1;
  const word = /^(?: (?:new|delete)(?:\[\])?| co_await|"" ?\w+)/.exec(text.slice(start + 8, start + 256));
  if (word !== null) return start + 8 + word[0].length;
  let symbol = operatorSymbols.find((candidate) => text.startsWith(candidate, start + 8)) ?? "";
  // `operator<<int>` is `operator<` with template arguments.
  if (symbol === "<<" && /[\w:]/.test(text[start + 10] ?? "(")) symbol = "<";
  return start + 8 + symbol.length;
}

/** Where the bracket at `start` closes; -1 when it does not. */
function matching(text: string, start: number): number {
  const open: string[] = [];
  for (let i = start; i < text.length; i++) {
    switch (text[i]) {
      case "(":
        open.push(")");
        break;
      case "[":
        open.push("]");
        break;
      case "{":
        open.push("}");
        break;
      case "<":
        open.push(">");
        break;
      case ">":
        if (text[i - 1] === "-") break;
        if (open.at(-1) !== ">") break;
        open.pop();
        break;
      case ")":
      case "]":
      case "}":
        while (open.length > 0 && open.at(-1) === ">") open.pop();
        if (open.pop() !== text[i]) return -1;
        break;
      case "o": {
        const end = operatorEnd(text, i);
        if (end > i + 8) i = end - 1;
        break;
      }
      default:
    }
    if (open.length === 0) return i;
  }
  return -1;
}

/** The text with what stands in its angles left out. */
function collapsed(text: string): string {
  let result = "";
  let position = 0;
  for (;;) {
    const open = text.indexOf("<", position);
    const close = open < 0 ? -1 : matching(text, open);
    if (close < 0) return result + text.slice(position);
    result += `${text.slice(position, open)}<…>`;
    position = close + 1;
  }
}
