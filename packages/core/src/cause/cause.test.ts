/** One fault per recogniser, and what each must leave alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CauseInput, findCause } from "./cause.ts";

const fault: CauseInput = {
  os: "linux",
  cpu: "amd64",
  reason: "SIGSEGV / SEGV_MAPERR",
  address: 0x7f1234567890n,
  access: null,
  ip: 0x401000n,
  sp: 0x7ffe0100n,
  ipInModule: true,
  stack: { start: 0x7ffe0000n, end: 0x7fff0000n },
  totalFrames: 5,
  assertion: null,
  functions: ["f", "main"],
  pointerBytes: 8,
  crashed: true,
  parameters: [],
  registers: new Map(),
  region: () => null,
  unloaded: () => null,
  notes: [],
  thrownType: null,
  bitFlips: [],
};

const cases: [string, Partial<CauseInput>, string | null, string?][] = [
  ["an ordinary wild pointer has no cause we can name", {}, null],
  ["null", { address: 0n }, "Access to a null pointer", "likely"],
  [
    "null, Windows says what was tried",
    { os: "windows", reason: "EXCEPTION_ACCESS_VIOLATION_WRITE", access: "write", address: 0n },
    "Write to a null pointer",
  ],
  ["near null", { address: 0x45n }, "Access to a field of a null object"],
  [
    "address 0 of a general protection fault is not null",
    { reason: "SIGSEGV / SI_KERNEL", address: 0n },
    "Access through a corrupted pointer (not an address this processor can have)",
    "likely",
  ],
  [
    "non-canonical",
    { address: 0x8000000000000000n },
    "Access through a corrupted pointer (not an address this processor can have)",
    "certain",
  ],
  ["call through null", { address: 0n, ip: 0n, ipInModule: false }, "Call through a null function pointer", "certain"],
  ["jump into data", { address: 0x7f0000001000n, ip: 0x7f0000001000n, ipInModule: false }, "Execution of memory that is not code"],
  ["stack overflow as Windows says it", { os: "windows", reason: "EXCEPTION_STACK_OVERFLOW" }, "Stack overflow", "certain"],
  ["stack overflow by its address", { address: 0x7ffdfff8n, sp: 0x7ffe0000n }, "Stack overflow", "likely"],
  ["deep recursion makes it certain", { address: 0x7ffe0008n, sp: 0x7ffe0010n, totalFrames: 20_000 }, "Stack overflow", "certain"],
  ["a fault in the middle of the stack is no overflow", { address: 0x7ffe0108n }, null],
  ["integer division", { reason: "SIGFPE / FPE_INTDIV" }, "Integer division by zero", "certain"],
  ["division on macOS", { os: "macos", reason: "EXC_ARITHMETIC / EXC_I386_DIV" }, "Integer division by zero"],
  ["abort", { reason: "SIGABRT / SI_TKILL" }, "The program aborted itself", "certain"],
  ["assert", { reason: "SIGABRT / SI_TKILL", functions: ["raise", "abort", "__assert_fail", "f"] }, "Failed assertion", "certain"],
  [
    "terminate",
    { reason: "SIGABRT", functions: ["raise", "abort", "std::terminate()", "f"] },
    "std::terminate: an exception was not caught",
  ],
  ["Rust panic", { reason: "SIGABRT", functions: ["abort", "core::panicking::panic_fmt", "f"] }, "Rust panic"],
  ["an assertion in the dump", { assertion: "x != 0 (f at a.c:3)" }, "Failed assertion"],
  ["abort in a frame of a segmentation fault says nothing", { functions: ["f", "abort"] }, null],
  ["illegal instruction", { reason: "SIGILL / ILL_ILLOPN" }, "Illegal instruction, often a trap that the compiler or the program planted"],
  [
    "trap",
    { os: "macos", reason: "EXC_BREAKPOINT / EXC_ARM_BREAKPOINT" },
    "Trap instruction: a check in the program failed or a breakpoint was hit",
  ],
  ["no exception", { crashed: false, reason: null, address: null }, "Dump without a crash"],
  ["Crashpad's dump on request", { os: "macos", reason: "unknown 0x00000000 / 0x00000000" }, "Dump requested by the program"],
  [
    "Crashpad's Objective-C exception",
    { os: "macos", reason: "UNCAUGHT_NS_EXCEPTION" },
    "Objective-C exception that was not caught",
    "certain",
  ],
  ["heap corruption", { os: "windows", reason: "STATUS_HEAP_CORRUPTION" }, "Heap corruption found by Windows"],
  ["fast fail", { os: "windows", reason: "EXCEPTION_STACK_BUFFER_OVERRUN / FAST_FAIL_RANGE_CHECK_FAILURE" }, "Array index out of range"],
];

for (const [name, change, title, confidence] of cases) {
  test(name, () => {
    const cause = findCause({ ...fault, ...change });
    assert.equal(cause?.title ?? null, title);
    if (confidence !== undefined) assert.equal(cause?.confidence, confidence);
    if (cause && change.reason !== null && !change.assertion)
      assert.ok(cause.evidence.includes(change.reason ?? fault.reason ?? ""), "the reason is evidence");
  });
}
