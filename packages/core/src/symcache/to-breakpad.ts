/**
 * A lookup file as the text of a Breakpad symbol file, for programs that read nothing else (breakpad/records.ts describes the records).
 * At every address the text gives the frames that the lookup file gives, with readable names; folded functions keep the first name.
 *
 * The text is made in one pass and in bounded memory: FILE and INLINE_ORIGIN records stand right before the function that first needs them.
 * A function in several parts becomes a FUNC each, as does a symbol, since its extent is known here. Unwind rules with operators that only
 * DWARF has cannot be said in Breakpad's words and are left out.
 */
import { demangle } from "../demangle/demangle.ts";
import type { NameLookup, SourceFrame } from "../symbolicate/lookup.ts";
import type { RegisterRule, UnwindLookup, UnwindRow, WindowsFrame, WindowsFrameLookup } from "../unwind/rules.ts";
import type { Symcache } from "./reader.ts";

/** The first lines. */
export type SymTextModule = {
  debugFile: string;
  /** Breakpad form. */
  debugId: string;
  codeId: string | null;
  /** Written for Windows only, as dump_syms does. */
  codeFile: string | null;
  cpu: string | null;
  os: string | null;
};

/** Open lookup files of one image; a part may come from another debug file than the next, a null one is left out. */
export type SymTextParts = Record<"names" | "unwind" | "windowsFrames", Symcache | null>;

/** Characters of text that a piece has at least, but for the last. */
const pieceLength = 1 << 16;
/** Texts remembered with their numbers; beyond this they get new ones. */
const maxKnownTexts = 1 << 16;
/** Lines of one FUNC; a longer function goes on in another. */
const maxLinesPerFunction = 1 << 16;
/** Longer names are cut: line readers have limits. */
const maxNameLength = 1 << 16;
/** STACK CFI records after one INIT. */
const maxStepsPerInit = 256;
/** Where the last stretch ends: sizes are 32 bits, too. */
const addressSpace = 0xffffffff;

const systems: Readonly<Record<string, string>> = { linux: "Linux", macos: "mac", windows: "windows", android: "Android", ios: "ios" };
const arches: Readonly<Record<string, string>> = { amd64: "x86_64" };

/** Yields the text in pieces. Throws FormatError for a damaged lookup file. */
export function* symcacheToSym(module: SymTextModule, parts: SymTextParts): Generator<string> {
  let piece = moduleText(module);
  for (const text of recordsOf(module, parts)) {
    piece += text;
    if (piece.length < pieceLength) continue;
    yield piece;
    piece = "";
  }
  if (piece !== "") yield piece;
}

function moduleText({ debugFile, debugId, codeId, codeFile, cpu, os }: SymTextModule): string {
  const module = `MODULE ${systems[os ?? ""] ?? os ?? "unknown"} ${arches[cpu ?? ""] ?? cpu ?? "unknown"} ${debugId} ${oneLine(debugFile)}\n`;
  if (codeId === null) return module;
  return `${module}INFO CODE_ID ${codeId.toUpperCase()}${os === "windows" && codeFile !== null ? ` ${oneLine(codeFile)}` : ""}\n`;
}

function* recordsOf({ cpu }: SymTextModule, { names, unwind, windowsFrames }: SymTextParts): Generator<string> {
  if (names?.names) yield* functionTexts(names.starts.names, names.names);
  if (windowsFrames?.windowsFrames) yield* stackWinTexts(windowsFrames.starts.windowsFrames, windowsFrames.windowsFrames);
  if (unwind?.unwind) yield* stackCfiTexts(unwind.starts.unwind, unwind.unwind, spellings[cpu ?? ""] ?? plainSpelling);
}

// ─── names ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** What is between two neighbouring starts. */
type Stretch = { start: number; end: number; frames: SourceFrame[] };

function* functionTexts(starts: Iterable<number>, names: NameLookup): Generator<string> {
  const files = new Numbered("FILE", oneLine);
  const origins = new Numbered("INLINE_ORIGIN", readable);
  let run: Stretch[] = [];
  for (const stretch of stretches(starts, (start) => names.lookup(start))) {
    if (run.length > 0 && (run.length >= maxLinesPerFunction || !continues(run[run.length - 1]!, stretch))) {
      yield functionText(run, files, origins);
      run = [];
    }
    run.push(stretch);
  }
  if (run.length > 0) yield functionText(run, files, origins);
}

/** The stretches where something is known, ascending. */
function* stretches(starts: Iterable<number>, lookup: (start: number) => SourceFrame[] | null): Generator<Stretch> {
  let last: Stretch | null = null;
  for (const start of starts) {
    if (last !== null) yield { ...last, end: start };
    const frames = lookup(start);
    last = frames === null ? null : { start, end: addressSpace, frames };
  }
  if (last !== null) yield last;
}

/** Whether the next stretch follows at once in the same function. */
function continues(before: Stretch, next: Stretch): boolean {
  const [a, b] = [outermost(before), outermost(next)];
  return before.end === next.start && a.functionAddress === b.functionAddress && a.function === b.function;
}

const outermost = ({ frames }: Stretch) => frames[frames.length - 1]!;

function functionText(run: readonly Stretch[], files: Numbered, origins: Numbered): string {
  const start = run[0]!.start;
  const { function: name, aliases } = outermost(run[0]!);
  const end = run[run.length - 1]!.end;
  let text = `FUNC ${aliases === undefined ? "" : "m "}${hex(start)} ${hex(end - start)} 0 ${readable(name)}\n`;
  for (const { depth, line, file, origin, extents } of inlineCalls(run)) {
    const places = extents.map(([from, to]) => ` ${hex(from)} ${hex(to - from)}`).join("");
    text += `INLINE ${depth} ${line ?? 0} ${files.numberOf(file)} ${origins.numberOf(origin)}${places}\n`;
  }
  for (const { start: from, end: to, frames } of run) {
    const { file, line } = frames[0]!;
    if (file !== null || line !== null) text += `${hex(from)} ${hex(to - from)} ${line ?? 0} ${files.numberOf(file)}\n`;
  }
  return files.takeNew() + origins.takeNew() + text;
}

/** A function inlined at a place, with all the stretches where it is. */
type InlineCall = {
  depth: number;
  origin: string;
  /** The call's. */
  file: string | null;
  line: number | null;
  extents: [number, number][];
  inner: InlineCalls;
};
type InlineCalls = Map<string, InlineCall>;

/** The inlined calls of a function, outer ones before those within; calls that no frame can tell apart are one. */
function inlineCalls(run: readonly Stretch[]): InlineCall[] {
  const all: InlineCall[] = [];
  const outermostCalls: InlineCalls = new Map();
  /** Those of the stretch before, outermost first: most go on. */
  let active: InlineCall[] = [];
  for (const { start, end, frames } of run) {
    const depths = frames.length - 1;
    for (let depth = 0; depth < depths; depth++) {
      const { function: origin } = frames[depths - 1 - depth]!;
      const { file, line } = frames[depths - depth]!;
      let call = active[depth];
      if (call === undefined || call.origin !== origin || call.line !== line || call.file !== file) {
        active = active.slice(0, depth);
        const siblings = active[depth - 1]?.inner ?? outermostCalls;
        const key = `${line} ${origin}\n${file}`;
        call = siblings.get(key);
        if (call === undefined) {
          call = { depth, origin, file, line, extents: [], inner: new Map() };
          siblings.set(key, call);
          all.push(call);
        }
        active.push(call);
      }
      const last = call.extents[call.extents.length - 1];
      if (last?.[1] === start) last[1] = end;
      else call.extents.push([start, end]);
    }
    active.length = depths;
  }
  return all;
}

/** Texts that records name by a number, each told once by a record of its own. No record tells number 0: it names nothing. */
class Numbered {
  readonly #record: string;
  readonly #shown: (text: string) => string;
  readonly #numbers = new Map<string, number>();
  #next = 1;
  #new = "";

  constructor(record: string, shown: (text: string) => string) {
    this.#record = record;
    this.#shown = shown;
  }

  numberOf(text: string | null): number {
    if (text === null) return 0;
    let number = this.#numbers.get(text);
    if (number === undefined) {
      if (this.#numbers.size >= maxKnownTexts) this.#numbers.clear();
      number = this.#next++;
      this.#numbers.set(text, number);
      this.#new += `${this.#record} ${number} ${this.#shown(text)}\n`;
    }
    return number;
  }

  /** The records for what was numbered since the last call. */
  takeNew(): string {
    const text = this.#new;
    this.#new = "";
    return text;
  }
}

// ─── unwind rules ───────────────────────────────────────────────────────────────────────────────────────────────────

/** How Breakpad spells registers, and where a return address that is still where it was at the call stands. */
type Spelling = { register(name: string): string; unchangedReturn: string };

const plainSpelling: Spelling = { register: (name) => name, unchangedReturn: ".ra" };
const dollarSpelling: Spelling = { register: (name) => `$${name}`, unchangedReturn: ".ra" };
const spellings: Readonly<Record<string, Spelling>> = {
  x86: dollarSpelling,
  amd64: dollarSpelling,
  arm: { register: (name) => (name === "fp" ? "r11" : name), unchangedReturn: "lr" },
  arm64: { register: (name) => (name === "fp" ? "x29" : name === "lr" ? "x30" : name), unchangedReturn: "x30" },
};

/** Rules by the name they have in the text: ".cfa", ".ra", "$rbp". */
type RuleTexts = ReadonlyMap<string, string>;

function* stackCfiTexts(starts: Iterable<number>, unwind: UnwindLookup, spelling: Spelling): Generator<string> {
  const known = new WeakMap<UnwindRow, { rules: RuleTexts | null }>();
  const rulesAt = (start: number): RuleTexts | null => {
    const row = unwind.find(start);
    if (row === null) return null;
    let entry = known.get(row);
    if (entry === undefined) {
      entry = { rules: ruleTexts(row, spelling) };
      known.set(row, entry);
    }
    return entry.rules;
  };
  let block: { start: number; before: RuleTexts; first: string; steps: string[] } | null = null;
  const textUntil = (end: number) =>
    block === null ? "" : `STACK CFI INIT ${hex(block.start)} ${hex(end - block.start)} ${block.first}\n${block.steps.join("")}`;
  for (const start of starts) {
    const rules = rulesAt(start);
    if (block !== null && rules !== null && block.steps.length < maxStepsPerInit && keepsAll(rules, block.before)) {
      const changed = [...rules].filter(([name, text]) => block?.before.get(name) !== text);
      if (changed.length > 0) block.steps.push(`STACK CFI ${hex(start)} ${words(changed)}\n`);
      block.before = rules;
      continue;
    }
    yield textUntil(start);
    block = rules === null ? null : { start, before: rules, first: words(rules), steps: [] };
  }
  yield textUntil(addressSpace);
}

/** A step can replace rules but not take one away. */
const keepsAll = (rules: RuleTexts, before: RuleTexts) => [...before.keys()].every((name) => rules.has(name));

const words = (rules: Iterable<readonly [string, string]>) => Array.from(rules, ([name, text]) => `${name}: ${text}`).join(" ");

/** Null when the frame itself cannot be recovered by such rules. */
function ruleTexts({ cfa, returnAddress, registers }: UnwindRow, spelling: Spelling): RuleTexts | null {
  const [cfaText, returnText] = [ruleText(cfa, spelling, ".cfa"), ruleText(returnAddress, spelling, spelling.unchangedReturn)];
  if (cfaText === null || returnText === null) return null;
  const texts = new Map([
    [".cfa", cfaText],
    [".ra", returnText],
  ]);
  for (const [name, rule] of registers) {
    const register = spelling.register(name);
    const text = ruleText(rule, spelling, register);
    if (text !== null) texts.set(register, text);
  }
  return texts;
}

/** Postfix words that Breakpad's readers know. */
const breakpadWords = /^(?:-?\d+|\.cfa|\$?[a-z][a-z0-9_]*|[-+*/%@^]| )+$/;
const dwarfWords = /(?:^| )(?:and|or|xor|shl|shr|sra|div|eq|ne|lt|le|gt|ge|not|neg|abs|\?)(?= |$)/;

/** @param unchanged what a value that is the same as in the callee is called */
function ruleText(rule: RegisterRule, spelling: Spelling, unchanged: string): string | null {
  switch (rule.kind) {
    case "undefined":
      return ".undef";
    case "same":
      return unchanged;
    case "cfaOffset":
      return `.cfa ${rule.offset} + ^`;
    case "valCfaOffset":
      return `.cfa ${rule.offset} +`;
    case "register":
      return `${spelling.register(rule.register)} ${rule.offset} +`;
    case "expression":
      return breakpadWords.test(rule.program) && !dwarfWords.test(rule.program) ? rule.program : null;
  }
}

function* stackWinTexts(starts: Iterable<number>, frames: WindowsFrameLookup): Generator<string> {
  const told = new Set<string>();
  for (const start of starts) {
    const frame = frames.find(start);
    const text = frame === null ? "" : stackWinText(frame);
    if (text === "" || told.has(text)) continue;
    if (told.size >= maxKnownTexts) told.clear();
    told.add(text);
    yield text;
  }
}

function stackWinText(frame: WindowsFrame): string {
  const { address, codeSize, prologueSize, epilogueSize, parameterSize, savedRegisterSize, localSize, maxStackSize } = frame;
  const numbers = [address, codeSize, prologueSize, epilogueSize, parameterSize, savedRegisterSize, localSize, maxStackSize].map(hex);
  const rest = frame.program === null ? `0 ${frame.allocatesBasePointer ? 1 : 0}` : `1 ${oneLine(frame.program)}`;
  return `STACK WIN ${frame.kind === "frameData" ? 4 : 0} ${numbers.join(" ")} ${rest}\n`;
}

// ─── words ──────────────────────────────────────────────────────────────────────────────────────────────────────────

const hex = (value: number) => value.toString(16);

/** A name that people read; functions without one get what dump_syms writes. */
const readable = (name: string) => oneLine(demangle(name) ?? name) || "<name omitted>";

/** Text from a debug file may hold anything; a record is a line. */
function oneLine(text: string): string {
  const short = text.length > maxNameLength ? text.slice(0, maxNameLength) : text;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
  return short.replace(/[\u0000-\u001f\u007f]/g, " ").trim();
}
