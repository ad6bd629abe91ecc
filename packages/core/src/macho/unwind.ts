/**
 * Unwind rules of a Mach-O image, right at every instruction.
 *
 * Three sources speak about an address: the compact unwind table (or the record of __eh_frame it points at) knows a function's body as it is
 * at calls; the code, followed from the function's first byte, knows prologues, epilogues and functions without a frame; where functions
 * start is in a table of its own, since compact entries are folded. At a call the table is believed. Elsewhere the table is believed where the
 * code agrees that the body's frame stands, and the code where it does not stand yet or no more.
 */
import { lastAtOrBelow } from "../bytes/bisect.ts";
import type { ByteSource } from "../bytes/byte-source.ts";
import { Cursor } from "../bytes/cursor.ts";
import { SliceSource } from "../bytes/slice-source.ts";
import { arm64Machine } from "../code/arm64.ts";
import { type FollowedInstruction, type FrameState, type FunctionFlow, followFunction, type Machine } from "../code/frame-state.ts";
import { x86Machine } from "../code/x86.ts";
import { type DwarfFrames, type FrameSection, openDwarfFrames } from "../dwarf/frame.ts";
import { dwarfRegisters } from "../dwarf/registers.ts";
import type { RegisterRule, UnwindRange, UnwindRow, UnwindSource } from "../unwind/rules.ts";
import { type CompactRule, compactRule } from "./compact-rules.ts";
import { type CompactEntry, type CompactUnwind, openCompactUnwind } from "./compact-unwind.ts";
import { readFunctionStarts } from "./function-starts.ts";
import { type MachOCpu, type MachOImage, type MachOSection, machOSlices, openMachO, readImage, sectionNamed } from "./headers.ts";

/** Of longer functions only this much is followed. */
const MAX_FOLLOWED_BYTES = 1 << 20;
/** Functions remembered: those of one stack, and a recursion's above all. */
const MAX_REMEMBERED_FUNCTIONS = 32;
/** Code of stubs, which have no frame: no entry of any table covers them. */
const STUB_SECTIONS: readonly string[] = ["__stubs", "__auth_stubs", "__objc_stubs"];

/**
 * The unwind rules of a Mach-O file; of a fat file those of the image whose UUID starts the Breakpad debug id, or of the first image of a
 * processor that is walked. Null when the file has neither unwind information nor code, as a dSYM. Throws FormatError for damaged headers.
 */
export function openMachOUnwind(source: ByteSource, debugId: string | null = null): UnwindSource | null {
  for (const slice of machOSlices(source) ?? []) {
    const image = slice.cpu === null ? null : openMachO(source, slice);
    if (image === null || (debugId !== null && image.uuid !== null && !debugId.toUpperCase().startsWith(image.uuid))) continue;
    return openImageUnwind(image);
  }
  return null;
}

/** The unwind rules of one image; null when it has none. */
export function openImageUnwind(image: MachOImage): UnwindSource | null {
  const table = sectionNamed(image, "__unwind_info");
  const ehFrame = openDwarf(image, "eh_frame");
  const debugFrame = openDwarf(image, "debug_frame");
  // A dSYM has no code; seldom it has records of its own.
  if (!image.sections.some((s) => s.hasInstructions && s.fileOffset !== null)) return ehFrame ?? debugFrame;
  const compact = table === null ? null : openCompactUnwind(image.bytes, table, image.littleEndian);
  return new MachOUnwind(image, compact, ehFrame, debugFrame);
}

/** Register numbers differ between the two sections on x86, so each is opened by itself; .eh_frame is what compact entries point into. */
function openDwarf(image: MachOImage, kind: FrameSection["kind"]): DwarfFrames | null {
  const section = sectionNamed(image, `__${kind}`);
  const registers = dwarfRegisters(image.cpu === "x86" && kind === "eh_frame" ? "x86-darwin-eh" : image.cpu);
  if (section === null || registers === null) return null;
  const { fileOffset, size, start } = section;
  return openDwarfFrames({
    sections: [{ kind, bytes: new SliceSource(image.bytes, fileOffset, size), address: kind === "eh_frame" ? start : 0, fileOffset }],
    registers,
    littleEndian: image.littleEndian,
    addressBytes: image.pointerBytes,
    imageBase: image.baseAddress,
  });
}

/** What the tables say about an address. */
type TableRule = { row: UnwindRow; isCompact: boolean } | null;
type Piece = { start: number; end: number };
type Followed = Piece & { flow: FunctionFlow };

class MachOUnwind implements UnwindSource {
  readonly #image: MachOImage;
  readonly #compact: CompactUnwind | null;
  readonly #ehFrame: DwarfFrames | null;
  readonly #debugFrame: DwarfFrames | null;
  readonly #machine: Machine;
  readonly #names: { sp: string; fp: string; word: number; lr: string | null };
  readonly #code: readonly MachOSection[];
  readonly #followed = new Map<number, Followed>();
  #starts: Uint32Array | null = null;

  constructor(image: MachOImage, compact: CompactUnwind | null, ehFrame: DwarfFrames | null, debugFrame: DwarfFrames | null) {
    this.#image = image;
    this.#compact = compact;
    this.#ehFrame = ehFrame;
    this.#debugFrame = debugFrame;
    this.#machine = image.cpu === "arm64" ? arm64Machine : x86Machine(image.cpu);
    this.#names = NAMES[image.cpu];
    this.#code = image.sections.filter((s) => s.hasInstructions && s.fileOffset !== null).sort((a, b) => a.start - b.start);
  }

  find(relative: number): UnwindRow | null {
    const section = this.#code.find((s) => relative >= s.start && relative - s.start < s.size);
    if (section === undefined) return null;
    if (isStubs(section)) return this.#rowOf(this.#machine.entry);
    const entry = this.#compact?.find(relative) ?? null;
    const piece = this.#function(relative, section, entry);
    const compact = this.#compactRule(entry, piece);
    const table = compact.kind === "row" ? { row: compact.row, isCompact: true } : this.#dwarfRule(compact, relative);
    const { flow } = this.#follow(piece);
    return this.#choose(flow.at(relative - piece.start), table, flow);
  }

  *ranges(): Iterable<UnwindRange> {
    let last = 0;
    for (const section of this.#code) {
      const end = section.start + section.size;
      let at = Math.max(last, section.start);
      while (at < end) {
        if (isStubs(section)) {
          yield { start: at, length: end - at, row: this.#rowOf(this.#machine.entry) };
          break;
        }
        const entry = this.#compact?.find(at) ?? null;
        const piece = this.#function(at, section, entry);
        yield* this.#rangesOf(at, piece, entry);
        at = piece.end;
      }
      last = Math.max(last, end);
    }
  }

  /** The rows of one function from `from` on; equal neighbours are one range. */
  *#rangesOf(from: number, piece: Piece, entry: CompactEntry | null): Iterable<UnwindRange> {
    const followed = this.#follow(piece);
    const compact = this.#compactRule(entry, piece);
    const whole = compact.kind === "row" ? { row: compact.row, isCompact: true } : null;
    let pending: UnwindRange | null = null;
    let pendingKey = "";
    let before: FollowedInstruction | null = null;
    for (let at = from; at < piece.end; ) {
      const here = followed.flow.at(at - piece.start);
      const next = followed.flow.gapAt(at - piece.start);
      // Paths through bytes that are no code may lead into the middle of an instruction.
      const step = here === null ? next : Math.min(here.start + here.length - (at - piece.start), next);
      const isFixed = whole !== null || (this.#ehFrame === null && this.#debugFrame === null);
      // Without the code's word, the records of __eh_frame may still differ from byte to byte.
      const length = Math.min(here === null && !isFixed ? 1 : step, piece.end - at);
      // Most instructions change nothing.
      const isSame: boolean = isFixed && pending !== null && here !== null && here.state === before?.state && here.isCall === before.isCall;
      const row: UnwindRow | null =
        isSame && pending !== null ? pending.row : this.#choose(here, whole ?? this.#dwarfRule(compact, at), followed.flow);
      before = here;
      const key = pending !== null && row === pending.row ? pendingKey : row === null ? "" : keyOf(row);
      if (pending !== null && key === pendingKey) pending.length += length;
      else {
        if (pending !== null) yield pending;
        pending = { start: at, length, row };
        pendingKey = key;
      }
      at += length;
    }
    if (pending !== null) yield pending;
  }

  /** The function that holds an address, as far as anything tells where it starts and ends. */
  #function(relative: number, section: MachOSection, entry: CompactEntry | null): Piece {
    const starts = this.#startsAt();
    const i = lastAtOrBelow(starts, relative);
    const next = starts[i + 1] ?? Number.POSITIVE_INFINITY;
    const start = Math.max(section.start, i < 0 ? 0 : starts[i]!, entry?.start ?? 0);
    const frame = entry === null && starts.length === 0 ? this.#dwarfFunction(relative) : null;
    const end = Math.min(
      section.start + section.size,
      next,
      entry?.end ?? this.#nextEntry(relative),
      frame?.end ?? Number.POSITIVE_INFINITY,
    );
    return { start: Math.max(start, frame?.start ?? 0), end };
  }

  #dwarfFunction(relative: number): Piece | null {
    return this.#ehFrame?.functionAt(relative) ?? this.#debugFrame?.functionAt(relative) ?? null;
  }

  /** Where the table begins for an address before it; nothing follows it. */
  #nextEntry(relative: number): number {
    const first = this.#compact?.firstStart ?? null;
    return first !== null && first > relative ? first : Number.POSITIVE_INFINITY;
  }

  #startsAt(): Uint32Array {
    this.#starts ??= readFunctionStarts(this.#image);
    return this.#starts;
  }

  #follow(piece: Piece): Followed {
    const known = this.#followed.get(piece.start);
    if (known !== undefined && known.end === piece.end) return known;
    const code = readImage(this.#image, piece.start, Math.min(piece.end - piece.start, MAX_FOLLOWED_BYTES));
    const followed = { ...piece, flow: followFunction(code, this.#machine, this.#startsAt().length === 0) };
    if (this.#followed.size >= MAX_REMEMBERED_FUNCTIONS) this.#followed.clear();
    this.#followed.set(piece.start, followed);
    return followed;
  }

  #compactRule(entry: CompactEntry | null, piece: Piece): CompactRule {
    if (entry === null) return { kind: "none" };
    return compactRule(this.#image.cpu, entry.encoding, (offset) => this.#word(piece.start + offset));
  }

  #dwarfRule(compact: CompactRule, relative: number): TableRule {
    let row = compact.kind === "dwarf" ? (this.#ehFrame?.findInFde(compact.offset, relative) ?? null) : null;
    row ??= this.#ehFrame?.find(relative) ?? this.#debugFrame?.find(relative) ?? null;
    return row === null ? null : { row, isCompact: false };
  }

  #word(relative: number): number | null {
    const bytes = readImage(this.#image, relative, 4);
    return bytes.length < 4 ? null : new Cursor(bytes, "mach-o: code", 0, this.#image.littleEndian).u32();
  }

  /** `here` is what the code says, null where no path leads. */
  #choose(here: FollowedInstruction | null, table: TableRule, flow: FunctionFlow): UnwindRow | null {
    if (here === null) return table?.row ?? null;
    const { state, isCall } = here;
    if (table === null) return this.#rowOf(state);
    const { cfa } = table.row;
    // A frame that is found by an expression, or from a register of its own, is beyond what is followed here.
    if (cfa.kind !== "register") return table.row;
    const base = this.#nameOf(cfa.register);
    if (base === this.#names.fp) {
      // Code that never builds the frame its table describes does not start where it seems to.
      if (!flow.everSaved.has(base)) return table.row;
      if (isCall || state.cfaFromFp !== null) return this.#agreed(table.row, here, flow);
      return this.#rowOf(state) ?? table.row;
    }
    if (base !== this.#names.sp || isCall || state.cfaFromSp === cfa.offset) return this.#agreed(table.row, here, flow);
    if (table.isCompact && !flow.everCfaFromSp.has(cfa.offset)) return table.row;
    return this.#rowOf(state) ?? table.row;
  }

  /** The table's row, without the registers that are not saved yet or have been restored. */
  #agreed(row: UnwindRow, { state, isCall }: FollowedInstruction, flow: FunctionFlow): UnwindRow {
    const { fp } = this.#names;
    let registers = row.registers;
    if (!isCall) {
      const isGone = (name: string): boolean => name !== fp && flow.everSaved.has(name) && !state.saved.has(name);
      if ([...registers.keys()].some((name) => isGone(this.#nameOf(name)))) {
        registers = new Map([...registers].filter(([name]) => !isGone(this.#nameOf(name))));
      }
    }
    if (!state.marked) return registers === row.registers ? row : { ...row, registers };
    return { ...row, registers: new Map([...registers].map(([name, rule]) => [name, this.#nameOf(name) === fp ? unmarked(rule) : rule])) };
  }

  /** The row of a state, null when the frame's place is not known. */
  #rowOf(state: FrameState): UnwindRow | null {
    const { sp, fp, word, lr } = this.#names;
    const cfa = cfaOf(state, sp, fp);
    if (cfa === null) return null;
    const registers = new Map<string, RegisterRule>();
    let returnAddress: RegisterRule = lr === null ? { kind: "cfaOffset", offset: -word } : { kind: "same" };
    for (const [name, offset] of state.saved) {
      const rule: RegisterRule = { kind: "cfaOffset", offset };
      if (name === lr) returnAddress = rule;
      else registers.set(name, name === fp && state.marked ? unmarked(rule) : rule);
    }
    if (state.marked && !state.saved.has(fp))
      registers.set(fp, { kind: "expression", program: `${lr === null ? "$" : ""}${fp} ${CLEAR_MARK}` });
    return { cfa, returnAddress, registers };
  }

  /** DWARF's names for frame pointer and link register are the numbered ones. */
  #nameOf(register: string): string {
    return register === "x29" ? "fp" : register === "x30" ? "lr" : register;
  }
}

const NAMES: Readonly<Record<MachOCpu, { sp: string; fp: string; word: number; lr: string | null }>> = {
  x86: { sp: "esp", fp: "ebp", word: 4, lr: null },
  amd64: { sp: "rsp", fp: "rbp", word: 8, lr: null },
  arm64: { sp: "sp", fp: "fp", word: 8, lr: "lr" },
};

function isStubs(section: MachOSection): boolean {
  return section.isStubs || STUB_SECTIONS.includes(section.name);
}

function cfaOf(state: FrameState, sp: string, fp: string): RegisterRule | null {
  if (state.cfaFromFp !== null) return { kind: "register", register: fp, offset: state.cfaFromFp };
  return state.cfaFromSp === null ? null : { kind: "register", register: sp, offset: state.cfaFromSp };
}

/** The rest of a division by 2^60: the value without its upper bits. */
const CLEAR_MARK = "1152921504606846976 %";

/** Swift marks the frames of async functions by bit 60 of the frame pointer they save. */
function unmarked(rule: RegisterRule): RegisterRule {
  return rule.kind === "cfaOffset" ? { kind: "expression", program: `.cfa ${rule.offset} + ^ ${CLEAR_MARK}` } : rule;
}

function keyOf(row: UnwindRow): string {
  return JSON.stringify([row.cfa, row.returnAddress, [...row.registers]]);
}
