/** The frame before each instruction of 32-bit ARM code: assembled by GNU as, in both encodings, with what the manual says each does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { armMachine, thumbMachine } from "./arm.ts";
import { type FrameState, followFunction, type Machine } from "./frame-state.ts";

/** One instruction: its bytes, its text, and what holds before it: CFA by stack pointer and by frame pointer, and where the callers' registers are saved. */
type Line = readonly [hex: string, text: string, before: string];

function shown(state: FrameState | undefined): string {
  if (state === undefined) return "not reached";
  const saved = [...state.saved].map(([name, offset]) => ` ${name}@${offset}`).join("");
  return `sp ${state.cfaFromSp ?? "?"} fp ${state.cfaFromFp ?? "?"}${saved}`;
}

function check(machine: Machine, lines: readonly Line[]): void {
  const flow = followFunction(Buffer.from(lines.map(([hex]) => hex).join(""), "hex"), machine, false);
  let at = 0;
  for (const [hex, text, before] of lines) {
    assert.equal(shown(flow.at(at)?.state), before, text);
    at += hex.length / 2;
  }
}

test("A32: a frame, vector registers, calls that may not return", () => {
  check(armMachine, [
    ["10482de9", "push {r4, fp, lr}", "sp 0 fp ?"],
    ["08b08de2", "add fp, sp, #8", "sp 12 fp ? r4@-12 r11@-8 lr@-4"],
    ["048b2ded", "vpush {d8-d9}", "sp 12 fp 4 r4@-12 r11@-8 lr@-4"],
    ["01db4de2", "sub sp, sp, #1024", "sp 28 fp 4 r4@-12 r11@-8 lr@-4"],
    ["04502de5", "push {r5}", "sp 1052 fp 4 r4@-12 r11@-8 lr@-4"],
    ["030050e3", "cmp r0, #3", "sp 1056 fp 4 r4@-12 r11@-8 lr@-4 r5@-1056"],
    ["0200001a", "bne 28", "sp 1056 fp 4 r4@-12 r11@-8 lr@-4 r5@-1056"],
    ["f7ffffeb", "bl 0", "sp 1056 fp 4 r4@-12 r11@-8 lr@-4 r5@-1056"],
    ["33ff2fe1", "blx r3", "sp 1056 fp 4 r4@-12 r11@-8 lr@-4 r5@-1056"],
    ["f000f0e7", "udf #0", "sp 1056 fp 4 r4@-12 r11@-8 lr@-4 r5@-1056"],
    ["04509de4", "pop {r5}", "sp 1056 fp 4 r4@-12 r11@-8 lr@-4 r5@-1056"],
    ["01db8de2", "add sp, sp, #1024", "sp 1052 fp 4 r4@-12 r11@-8 lr@-4"],
    ["048bbdec", "vpop {d8-d9}", "sp 28 fp 4 r4@-12 r11@-8 lr@-4"],
    ["1088bde8", "pop {r4, fp, pc}", "sp 12 fp 4 r4@-12 r11@-8 lr@-4"],
  ]);
});

test("A32: a frame of the old convention, the stack pointer aligned down", () => {
  check(armMachine, [
    ["0dc0a0e1", "mov ip, sp", "sp 0 fp ?"],
    ["10582de9", "push {r4, fp, ip, lr}", "sp 0 fp ?"],
    ["0db0a0e1", "mov fp, sp", "sp 16 fp ? r4@-16 r11@-12 lr@-4"],
    ["07d0cde3", "bic sp, sp, #7", "sp 16 fp 16 r4@-16 r11@-12 lr@-4"],
    ["03d0a011", "movne sp, r3", "sp ? fp 16 r4@-16 r11@-12 lr@-4"],
    ["0bd0a0e1", "mov sp, fp", "sp ? fp 16 r4@-16 r11@-12 lr@-4"],
    ["1058bde8", "pop {r4, fp, ip, lr}", "sp 16 fp 16 r4@-16 r11@-12 lr@-4"],
    ["1eff2fe1", "bx lr", "sp 0 fp ?"],
  ]);
});

test("A32: a computed stack pointer is lost", () => {
  check(armMachine, [
    ["10402de9", "push {r4, lr}", "sp 0 fp ?"],
    ["03d08de0", "add sp, sp, r3", "sp 8 fp ? r4@-8 lr@-4"],
    ["028090e8", "ldm r0, {r1, pc}", "sp ? fp ? r4@-8 lr@-4"],
  ]);
});

test("A32: one register pushed, and popped into the program counter", () => {
  check(armMachine, [
    ["04e02de5", "push {lr}", "sp 0 fp ?"],
    ["04f09de4", "pop {pc}", "sp 4 fp ? lr@-4"],
  ]);
});

test("A32: a return by mov", () => {
  check(armMachine, [
    ["10402de9", "push {r4, lr}", "sp 0 fp ?"],
    ["1040bde8", "pop {r4, lr}", "sp 8 fp ? r4@-8 lr@-4"],
    ["0ef0a0e1", "mov pc, lr", "sp 0 fp ?"],
  ]);
});

test("A32: a computed jump", () => {
  check(armMachine, [["01f08fe0", "add pc, pc, r1", "sp 0 fp ?"]]);
});

test("A32: the frame pointer by differences; instructions that look like those", () => {
  check(armMachine, [
    ["04b04de2", "sub fp, sp, #4", "sp 0 fp ?"],
    ["10d04be2", "sub sp, fp, #16", "sp 0 fp 4"],
    ["920301e0", "mul r1, r2, r3", "sp 20 fp 4"],
    ["b010c2e1", "strh r1, [r2]", "sp 20 fp 4"],
    ["04d09de4", "pop {sp}", "sp 20 fp 4"],
    ["13ff2fe1", "bx r3", "sp ? fp 4"],
  ]);
});

test("T32: all ways to move the stack pointer, and conditional blocks", () => {
  check(thumbMachine, [
    ["90b5", "push {r4, r7, lr}", "sp 0 fp ?"],
    ["01af", "add r7, sp, #4", "sp 12 fp ? r4@-12 r7@-8 lr@-4"],
    ["2de90007", "stmdb sp!, {r8, r9, sl}", "sp 12 fp 8 r4@-12 r7@-8 lr@-4"],
    ["84b0", "sub sp, #16", "sp 24 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16"],
    ["adf5806d", "sub.w sp, sp, #1024", "sp 40 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16"],
    ["adf6a17d", "subw sp, sp, #4001", "sp 1064 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16"],
    ["4df804bd", "str.w fp, [sp, #-4]!", "sp 5065 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16"],
    ["2ded028b", "vpush {d8}", "sp 5069 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["70b1", "cbz r0, 3a", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["0128", "cmp r0, #1", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["08bf", "it eq", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["0220", "moveq r0, #2", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["1ebf", "ittt ne", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["0131", "addne r1, #1", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["40f6a071", "movwne r1, #4000", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["01f10201", "addne.w r1, r1, #2", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["00f00480", "beq.w 3a", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["fff7e5ff", "bl 0", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["9847", "blx r3", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["02e0", "b.n 40", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["00f001b8", "b.w 40", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["01de", "udf #1", "not reached"],
    ["bdec028b", "vpop {d8}", "sp 5077 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["5df804bb", "ldr.w fp, [sp], #4", "sp 5069 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16 r11@-5069"],
    ["0df6a17d", "addw sp, sp, #4001", "sp 5065 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16"],
    ["0df5806d", "add.w sp, sp, #1024", "sp 1064 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16"],
    ["04b0", "add sp, #16", "sp 40 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16"],
    ["bde80007", "ldmia.w sp!, {r8, r9, sl}", "sp 24 fp 8 r4@-12 r7@-8 lr@-4 r8@-24 r9@-20 r10@-16"],
    ["90bd", "pop {r4, r7, pc}", "sp 12 fp 8 r4@-12 r7@-8 lr@-4"],
  ]);
});

test("T32: the frame pointer restores the stack pointer", () => {
  check(thumbMachine, [
    ["80b5", "push {r7, lr}", "sp 0 fp ?"],
    ["6f46", "mov r7, sp", "sp 8 fp ? r7@-8 lr@-4"],
    ["adf11004", "sub.w r4, sp, #16", "sp 8 fp 8 r7@-8 lr@-4"],
    ["a546", "mov sp, r4", "sp 8 fp 8 r7@-8 lr@-4"],
    ["0837", "adds r7, #8", "sp ? fp 8 r7@-8 lr@-4"],
    ["bd46", "mov sp, r7", "sp ? fp 0 r7@-8 lr@-4"],
    ["7047", "bx lr", "sp 0 fp 0"],
  ]);
});

test("T32: wide push and pop", () => {
  check(thumbMachine, [
    ["2de91040", "stmdb sp!, {r4, lr}", "sp 0 fp ?"],
    ["bde81080", "ldmia.w sp!, {r4, pc}", "sp 8 fp ? r4@-8 lr@-4"],
  ]);
});

test("T32: one register pushed, and popped into the program counter", () => {
  check(thumbMachine, [
    ["4df804ed", "str.w lr, [sp, #-4]!", "sp 0 fp ?"],
    ["5df804fb", "ldr.w pc, [sp], #4", "sp 4 fp ? lr@-4"],
  ]);
});

test("T32: a jump table", () => {
  check(thumbMachine, [["dfe800f0", "tbb [pc, r0]", "sp 0 fp ?"]]);
});

test("T32: a jump through memory", () => {
  check(thumbMachine, [["51f800f0", "ldr.w pc, [r1, r0]", "sp 0 fp ?"]]);
});

test("T32: a byte repeated in a constant; a computed stack pointer", () => {
  check(thumbMachine, [
    ["10b5", "push {r4, lr}", "sp 0 fp ?"],
    ["adf1ff1d", "sub.w sp, sp, #16711935", "sp 8 fp ? r4@-8 lr@-4"],
    ["adeb030d", "sub.w sp, sp, r3", "sp 16711943 fp ? r4@-8 lr@-4"],
    ["f746", "mov pc, lr", "sp ? fp ? r4@-8 lr@-4"],
  ]);
});
