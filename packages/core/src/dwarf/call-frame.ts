/**
 * Call frame instructions (DW_CFA_*) of one FDE, executed: they build the table "from this address on, these rules", row by row.
 *
 * The two high bits of an instruction byte are an operation with an operand in the six low ones (advance, offset, restore), or 0 for an
 * extended operation. Offsets are factored by the CIE's alignments.
 */
import { Cursor } from "../bytes/cursor.ts";
import type { RegisterRule, UnwindRow } from "../unwind/rules.ts";
import type { Cie, Fde } from "./cie-fde.ts";
import { type ExpressionContext, translateExpression } from "./expressions.ts";
import { sleb, uleb } from "./leb128.ts";
import { readPointer } from "./pointer.ts";

/** Compilers nest one or two. */
const maxRememberedStates = 64;
/** Register numbers above are damage: no processor has that many columns. */
const maxRegisterNumber = 0xffff;
const maxRegisterRules = 256;

/** DWARF numbers of the SPARC registers that a window save moves. */
const sparcOut = 8;
const sparcLocal = 16;
const sparcEnd = 32;

/** An expression not yet translated; most rows are never asked for. */
type Block = { bytes: Uint8Array; offset: number };

type Rule =
  | { kind: "undefined" }
  | { kind: "same" }
  | { kind: "cfaOffset" | "valCfaOffset"; offset: number }
  | { kind: "column"; column: number }
  | { kind: "savedAt"; block: Block }
  | { kind: "value"; block: Block };

type Cfa = { column: number; offset: number } | Block | null;

type State = { cfa: Cfa; rules: Map<number, Rule> };

/** What the instructions of CIEs set up, by CIE. */
const afterCie = new WeakMap<Cie, State>();

/** Executes the instructions of an FDE. Each `next` gives the end of one row, whose rules `row` then tells. */
export class CallFrame {
  /** Image-relative start of the row that `next` will complete. */
  start: number;
  readonly #fde: Fde;
  readonly #end: number;
  readonly #context: ExpressionContext;
  readonly #cursor: Cursor;
  readonly #initial: Map<number, Rule>;
  #state: State = { cfa: null, rules: new Map() };
  #remembered: State[] = [];
  #location: number;
  #isMoved = false;

  constructor(fde: Fde, context: ExpressionContext) {
    this.#fde = fde;
    this.#context = context;
    this.start = fde.start;
    this.#location = fde.start;
    this.#end = fde.start + fde.length;
    this.#initial = this.#state.rules;
    const initial = afterCie.get(fde.cie) ?? this.#executeCie(fde);
    this.#initial = initial.rules;
    this.#state = { cfa: initial.cfa, rules: new Map(initial.rules) };
    this.#cursor = new Cursor(fde.instructions, "dwarf: FDE instructions", fde.instructionsOffset, context.littleEndian);
  }

  #executeCie({ cie, start }: Fde): State {
    const cursor = new Cursor(cie.instructions, "dwarf: CIE instructions", cie.instructionsOffset, this.#context.littleEndian);
    while (cursor.left > 0) this.#execute(cursor);
    this.#remembered = [];
    this.#location = start;
    // Where they name an address the function's own decides whether they hold.
    if (!this.#isMoved) afterCie.set(cie, this.#state);
    return this.#state;
  }

  /** Executes up to the next row's start, which it returns: the rules of `row` are in force from `start` until there. Null at the end. */
  next(): number | null {
    this.start = this.#location;
    if (this.start >= this.#end) return null;
    while (this.#cursor.left > 0) {
      this.#execute(this.#cursor);
      if (this.#location > this.start) return Math.min(this.#location, this.#end);
    }
    this.#location = this.#end;
    return this.#end;
  }

  #execute(cursor: Cursor): void {
    const byte = cursor.u8();
    const operand = byte & 0x3f;
    const { cie } = this.#fde;
    switch (byte >> 6) {
      case 1:
        this.#advance(operand);
        return;
      case 2:
        this.#set(operand, { kind: "cfaOffset", offset: uleb(cursor) * cie.dataAlign }, cursor);
        return;
      case 3:
        this.#restore(operand);
        return;
      default:
        this.#executeExtended(operand, cursor, cie);
        return;
    }
  }

  #executeExtended(operation: number, cursor: Cursor, cie: Cie): void {
    switch (operation) {
      case 0x00: // nop
        return;
      case 0x01: // set_loc
        this.#moveTo(readPointer(cursor, cie.addressEncoding, cie.bases, this.#setLocOrigin(cursor), this.#fde.start).relative, cursor);
        return;
      case 0x02:
        this.#advance(cursor.u8());
        return;
      case 0x03:
        this.#advance(cursor.u16());
        return;
      case 0x04:
        this.#advance(cursor.u32());
        return;
      case 0x05: // offset_extended
        this.#set(column(cursor), { kind: "cfaOffset", offset: uleb(cursor) * cie.dataAlign }, cursor);
        return;
      case 0x06:
        this.#restore(column(cursor));
        return;
      case 0x07:
        this.#set(column(cursor), { kind: "undefined" }, cursor);
        return;
      case 0x08:
        this.#set(column(cursor), { kind: "same" }, cursor);
        return;
      case 0x09:
        this.#set(column(cursor), { kind: "column", column: column(cursor) }, cursor);
        return;
      case 0x0a:
        this.#remember(cursor);
        return;
      case 0x0b:
        this.#restoreState(cursor);
        return;
      case 0x0c: // def_cfa
        this.#state.cfa = { column: column(cursor), offset: uleb(cursor) };
        return;
      case 0x0d: // def_cfa_register; older RISC-V compilers open a CIE with it and mean offset 0
        this.#state.cfa = { column: column(cursor), offset: this.#state.cfa === null ? 0 : this.#simpleCfa(cursor).offset };
        return;
      case 0x0e:
        this.#state.cfa = { column: this.#simpleCfa(cursor).column, offset: uleb(cursor) };
        return;
      case 0x0f: // def_cfa_expression
        this.#state.cfa = block(cursor);
        return;
      case 0x10: // expression
        this.#set(column(cursor), { kind: "savedAt", block: block(cursor) }, cursor);
        return;
      case 0x11: // offset_extended_sf
        this.#set(column(cursor), { kind: "cfaOffset", offset: sleb(cursor) * cie.dataAlign }, cursor);
        return;
      case 0x12: // def_cfa_sf
        this.#state.cfa = { column: column(cursor), offset: sleb(cursor) * cie.dataAlign };
        return;
      case 0x13: // def_cfa_offset_sf
        this.#state.cfa = { column: this.#simpleCfa(cursor).column, offset: sleb(cursor) * cie.dataAlign };
        return;
      case 0x14: // val_offset
        this.#set(column(cursor), { kind: "valCfaOffset", offset: uleb(cursor) * cie.dataAlign }, cursor);
        return;
      case 0x15: // val_offset_sf
        this.#set(column(cursor), { kind: "valCfaOffset", offset: sleb(cursor) * cie.dataAlign }, cursor);
        return;
      case 0x16: // val_expression
        this.#set(column(cursor), { kind: "value", block: block(cursor) }, cursor);
        return;
      case 0x1d: // MIPS_advance_loc8
        this.#advance(cursor.u64AsNumber());
        return;
      case 0x2c: // AARCH64_negate_ra_state_with_pc: signed return addresses are stripped by the walker
        return;
      case 0x2d: // AARCH64_negate_ra_state, GNU_window_save
        if (this.#context.registers.windowSave) this.#saveWindow(cursor);
        return;
      case 0x2e: // GNU_args_size
        uleb(cursor);
        return;
      case 0x2f: // GNU_negative_offset_extended
        this.#set(column(cursor), { kind: "cfaOffset", offset: -uleb(cursor) * cie.dataAlign }, cursor);
        return;
      default:
        cursor.fail(`call frame instruction 0x${operation.toString(16)}`);
    }
  }

  /** Image-relative address of the instruction bytes; only set_loc with a relative encoding needs it. */
  #setLocOrigin(cursor: Cursor): number {
    const inCie = cursor !== this.#cursor;
    return inCie ? this.#fde.cie.instructionsAddress : this.#fde.instructionsAddress;
  }

  #advance(delta: number): void {
    this.#location += delta * this.#fde.cie.codeAlign;
  }

  #moveTo(location: number, cursor: Cursor): void {
    if (location < this.#location) cursor.fail("row before the one before it");
    this.#isMoved = true;
    this.#location = location;
  }

  #set(number: number, rule: Rule, cursor: Cursor): void {
    if ("offset" in rule) {
      if (!Number.isSafeInteger(rule.offset)) cursor.fail("offset above 2^53");
      rule.offset += 0; // 0 times a negative factor is -0
    }
    this.#state.rules.set(number, rule);
    if (this.#state.rules.size > maxRegisterRules) cursor.fail(`rules for more than ${maxRegisterRules} registers`);
  }

  #restore(number: number): void {
    const initial = this.#initial.get(number);
    if (initial === undefined) this.#state.rules.delete(number);
    else this.#state.rules.set(number, initial);
  }

  #simpleCfa(cursor: Cursor): { column: number; offset: number } {
    const { cfa } = this.#state;
    if (cfa === null || !("column" in cfa)) cursor.fail("change of a CFA that is no register and offset");
    return cfa;
  }

  #remember(cursor: Cursor): void {
    if (this.#remembered.length >= maxRememberedStates) cursor.fail(`more than ${maxRememberedStates} remembered states`);
    this.#remembered.push({ cfa: this.#state.cfa, rules: new Map(this.#state.rules) });
  }

  #restoreState(cursor: Cursor): void {
    this.#state = this.#remembered.pop() ?? cursor.fail("no remembered state");
  }

  #saveWindow(cursor: Cursor): void {
    const { addressBytes } = this.#context;
    for (let number = sparcOut; number < sparcLocal; number++) this.#set(number, { kind: "column", column: number + sparcLocal }, cursor);
    for (let number = sparcLocal; number < sparcEnd; number++) {
      this.#set(number, { kind: "cfaOffset", offset: (number - sparcLocal) * addressBytes }, cursor);
    }
  }

  /** The rules of the row that the last `next` completed; null when its CFA or return address cannot be computed. */
  row(): UnwindRow | null {
    const { cie } = this.#fde;
    const { names, linkRegister } = this.#context.registers;
    const cfa = this.#cfaRule();
    if (cfa === null) return null;
    const returnRule = this.#state.rules.get(cie.returnAddressColumn);
    const returnAddress = returnRule === undefined ? this.#unsavedReturnAddress() : this.#rule(returnRule);
    if (returnAddress === null) return null;
    const registers = new Map<string, RegisterRule>();
    for (const [number, rule] of this.#state.rules) {
      // What the caller had in its link register is gone with its call; only an interrupted function still has it there.
      if (number === cie.returnAddressColumn && !(cie.isSignalFrame && number === linkRegister)) continue;
      const name = names[number];
      if (name !== undefined) registers.set(name, this.#rule(rule) ?? { kind: "undefined" });
    }
    const row: UnwindRow = { cfa, returnAddress, registers };
    return cie.isSignalFrame ? { ...row, interrupted: true } : row;
  }

  /** Without a rule the return address is where the call left it: in the link register or another one that the CIE names. */
  #unsavedReturnAddress(): RegisterRule {
    const { names, linkRegister } = this.#context.registers;
    const { returnAddressColumn } = this.#fde.cie;
    const name = names[returnAddressColumn];
    return returnAddressColumn === linkRegister || name === undefined ? { kind: "same" } : { kind: "register", register: name, offset: 0 };
  }

  #cfaRule(): RegisterRule | null {
    const { cfa } = this.#state;
    if (cfa === null) return null;
    if ("column" in cfa) {
      const register = this.#context.registers.names[cfa.column];
      return register === undefined ? null : { kind: "register", register, offset: cfa.offset };
    }
    const program = translateExpression(cfa.bytes, cfa.offset, null, this.#context);
    return program === null ? null : { kind: "expression", program };
  }

  /** Null when nothing can be said of the value: its register has no name, its expression no translation. */
  #rule(rule: Rule): RegisterRule | null {
    switch (rule.kind) {
      case "column": {
        const register = this.#context.registers.names[rule.column];
        return register === undefined ? null : { kind: "register", register, offset: 0 };
      }
      case "savedAt":
      case "value": {
        const program = translateExpression(rule.block.bytes, rule.block.offset, ".cfa", this.#context);
        if (program === null) return null;
        return { kind: "expression", program: rule.kind === "value" ? program : `${program} ^` };
      }
      default:
        return rule;
    }
  }
}

function column(cursor: Cursor): number {
  const number = uleb(cursor);
  if (number > maxRegisterNumber) cursor.fail(`register ${number}`);
  return number;
}

function block(cursor: Cursor): Block {
  const length = uleb(cursor);
  const offset = cursor.fileOffset;
  return { bytes: cursor.bytes(length), offset };
}
