/**
 * What unwind codes do, in the opposite direction of the code they describe: from the registers at an instruction to the caller's. Places
 * are kept relative to the register they were found by, and become one UnwindRow at the end.
 */
import type { RegisterRule, UnwindRow } from "../unwind/rules.ts";

/** An address: a register of this frame plus an offset in bytes. */
type Place = { base: string; offset: number };

export class RowBuilder {
  /** How expressions name a register: "$rsp" on amd64, "sp" elsewhere. */
  readonly #prefix: string;
  readonly #saved = new Map<string, Place>();
  #at: Place;

  constructor(stackPointer: string, prefix: string) {
    this.#prefix = prefix;
    this.#at = { base: stackPointer, offset: 0 };
  }

  /** The stack pointer as it was before an allocation of so many bytes. */
  release(bytes: number): void {
    this.#at = { base: this.#at.base, offset: this.#at.offset + bytes };
  }

  /** The stack pointer is that of a register plus an offset. */
  moveTo(base: string, offset: number): void {
    this.#at = { base, offset };
  }

  get base(): string {
    return this.#at.base;
  }

  /** A register's value lies at an offset from the stack pointer as it is now. */
  saved(register: string, offset: number): void {
    this.savedAt(register, this.#at.base, this.#at.offset + offset);
  }

  savedAt(register: string, base: string, offset: number): void {
    this.#saved.set(register, { base, offset });
  }

  isSaved(register: string): boolean {
    return this.#saved.has(register);
  }

  /** A frame that a call made, the return address pushed on the stack. */
  pushedReturnAddress(wordBytes: number, same: readonly string[]): UnwindRow {
    this.release(wordBytes);
    return this.#row({ kind: "cfaOffset", offset: -wordBytes }, same);
  }

  /** A frame that a call made, the return address in a link register unless that was saved. */
  linkedReturnAddress(link: string): UnwindRow {
    const saved = this.#saved.get(link);
    this.#saved.delete(link);
    return this.#row(saved === undefined ? { kind: "register", register: link, offset: 0 } : this.#rule(saved), []);
  }

  /** A frame that an interruption made: address and stack pointer of the interrupted code lie at offsets from the stack pointer as it is now. */
  interrupted(addressOffset: number, stackPointerOffset: number): UnwindRow {
    const { base, offset } = this.#at;
    const registers = new Map<string, RegisterRule>();
    for (const [register, place] of this.#saved) registers.set(register, this.#word(place));
    return {
      cfa: this.#word({ base, offset: offset + stackPointerOffset }),
      returnAddress: this.#word({ base, offset: offset + addressOffset }),
      registers,
      interrupted: true,
    };
  }

  #row(returnAddress: RegisterRule, same: readonly string[]): UnwindRow {
    const registers = new Map<string, RegisterRule>();
    for (const register of same) registers.set(register, { kind: "same" });
    for (const [register, place] of this.#saved) registers.set(register, this.#rule(place));
    return { cfa: { kind: "register", register: this.#at.base, offset: this.#at.offset }, returnAddress, registers };
  }

  #rule(place: Place): RegisterRule {
    return place.base === this.#at.base ? { kind: "cfaOffset", offset: place.offset - this.#at.offset } : this.#word(place);
  }

  #word({ base, offset }: Place): RegisterRule {
    return { kind: "expression", program: `${this.#prefix}${base} ${offset} + ^` };
  }
}
