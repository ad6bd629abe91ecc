/** One fault per recogniser, and what each must leave alone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MemoryRegion } from "../minidump/memory-regions.ts";
import { type BitFlip, findBitFlips } from "./bit-flips.ts";
import { type CauseInput, findCause } from "./cause.ts";
import { readableTypeName, thrownType } from "./thrown-type.ts";

const fault: CauseInput = {
  os: "linux",
  cpu: "amd64",
  reason: "SIGSEGV / SEGV_MAPERR",
  address: 0x7f1234567890n,
  access: null,
  instruction: null,
  fault: null,
  cameFrom: null,
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
  module: () => null,
  word: () => null,
  unloaded: () => null,
  notes: [],
  thrownType: null,
  bitFlips: [],
};

const note = (key: string, text: string): { key: string; text: string } => ({ key, text });
const flip = (confidence: number): BitFlip => ({
  address: 0x7f1234567880n,
  register: null,
  confidence,
  wasNonCanonical: false,
  isNull: false,
  wasLow: false,
  nearbyRegisters: 1,
  poisonRegisters: false,
});
/** One range that holds every address. */
function regionOf(change: Partial<MemoryRegion>): CauseInput["region"] {
  const none = { committed: true, read: false, write: false, execute: false, guard: false, kernelName: null };
  return () => ({ start: 0n, end: 1n << 64n, ...none, ...change });
}

/** What remains to be said when nothing about the address says more. */
const WILD = "Access through a wild pointer: nothing is mapped there";

const cases: [string, Partial<CauseInput>, string | null, string?][] = [
  ["an ordinary wild pointer", {}, WILD],
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
  ["a fault in the middle of the stack is no overflow", { address: 0x7ffe0108n }, WILD],
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
  ["abort in a frame of a segmentation fault says nothing", { functions: ["f", "abort"] }, WILD],
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
  [
    "Crashpad's Objective-C exception by name",
    {
      os: "macos",
      reason: "UNCAUGHT_NS_EXCEPTION",
      notes: [note("exceptionName", "NSRangeException"), note("exceptionReason", "index 42")],
    },
    "Objective-C exception that was not caught: NSRangeException",
    "certain",
  ],
  [
    "an Objective-C exception by the message it leaves",
    {
      os: "ios",
      reason: "EXC_CRASH / 0x00000000",
      notes: [note("", "*** Terminating app due to uncaught exception 'NSGenericException', reason: 'x'")],
    },
    "Objective-C exception that was not caught: NSGenericException",
  ],
  [
    "a C++ exception by its message",
    {
      os: "macos",
      reason: "EXC_CRASH / 0x00000000",
      notes: [note("", "libc++abi: terminating due to uncaught exception of type std::runtime_error: no disk")],
    },
    "C++ exception that was not caught: std::runtime_error",
  ],
  [
    "such a message beside a wild pointer says nothing",
    { notes: [note("", "libc++abi: terminating due to uncaught exception of type A: b")] },
    WILD,
  ],
  [
    "Visual C++ exception with its type",
    { os: "windows", reason: "Unhandled C++ Exception", thrownType: "std::runtime_error" },
    "C++ exception that was not caught: std::runtime_error",
    "certain",
  ],
  ["Visual C++ exception", { os: "windows", reason: "Unhandled C++ Exception" }, "C++ exception that was not caught"],
  [
    ".NET exception",
    { os: "windows", reason: "MANAGED_EXCEPTION_CODE_V4", parameters: [0xffffffff80004003n] },
    ".NET exception that was not caught",
  ],
  ["hang by code", { os: "windows", reason: "STATUS_APPLICATION_HANG" }, "Hang: the program did not respond", "certain"],
  ["hang by annotation", { reason: "DUMP_REQUESTED", notes: [note("hang", "1")] }, "Hang: the program did not respond", "likely"],
  ["a watchdog that says no", { reason: "DUMP_REQUESTED", notes: [note("hang", "0")] }, "Dump requested by the program"],
  ["a hang's annotation beside a fault", { notes: [note("hang", "1")], address: 0n }, "Access to a null pointer"],
  [
    "out of memory by function",
    { reason: "SIGABRT", functions: ["abort", "v8::internal::V8::FatalProcessOutOfMemory(char const*)"] },
    "Out of memory",
    "certain",
  ],
  ["out of memory by annotation", { reason: "SIGTRAP", notes: [note("oom-size", "1048576")] }, "Out of memory", "likely"],
  [
    "a size of 0 is none",
    { reason: "SIGTRAP", notes: [note("oom-size", "0")] },
    "Trap instruction: a check in the program failed or a breakpoint was hit",
  ],
  ["out of memory by assertion", { reason: "SIGABRT", assertion: "memory allocation of 99 bytes failed" }, "Out of memory"],
  ["bad_alloc", { os: "windows", reason: "Unhandled C++ Exception", thrownType: "std::bad_alloc" }, "Out of memory"],
  ["memory limit of iOS", { os: "ios", reason: "EXC_RESOURCE / RESOURCE_TYPE_MEMORY / FLAVOR_HIGH_WATERMARK" }, "Out of memory"],
  ["a wild pointer in a process that noted its memory", { notes: [note("oom-size", "5")] }, WILD],
  [
    "Swift trap by message",
    {
      os: "macos",
      reason: "EXC_BREAKPOINT / EXC_ARM_BREAKPOINT",
      notes: [note("", "Game/Level.swift:7: Fatal error: Index out of range")],
    },
    "Swift trap",
    "certain",
  ],
  [
    "Swift trap by inlined name",
    { os: "macos", reason: "EXC_BREAKPOINT / EXC_ARM_BREAKPOINT", functions: ["Swift runtime failure: arithmetic overflow", "f"] },
    "Swift trap",
  ],
  [
    "pure virtual on Windows",
    { os: "windows", reason: "EXCEPTION_STACK_BUFFER_OVERRUN / FAST_FAIL_FATAL_APP_EXIT", functions: ["abort", "_purecall"] },
    "Pure virtual function called",
  ],
  [
    "heap corruption by message",
    {
      os: "macos",
      reason: "EXC_CRASH / 0x00000000",
      notes: [note("", "malloc: *** error for object 0x1: pointer being freed was not allocated")],
    },
    "Heap corruption found by the allocator",
  ],
  [
    "stack smashing",
    { reason: "SIGABRT", functions: ["abort", "__fortify_fail", "__stack_chk_fail"] },
    "Stack buffer overrun found by the stack check",
  ],
  [
    "Control Flow Guard",
    { os: "windows", reason: "EXCEPTION_STACK_BUFFER_OVERRUN / FAST_FAIL_GUARD_ICALL_CHECK_FAILURE" },
    "Indirect call to an address that Control Flow Guard forbids",
  ],
  [
    "shadow stack",
    { os: "windows", reason: "EXCEPTION_STACK_BUFFER_OVERRUN / FAST_FAIL_CONTROL_INVALID_RETURN_ADDRESS" },
    "Return address overwritten, found by the shadow stack",
  ],
  [
    "stack cookie",
    { os: "windows", reason: "EXCEPTION_STACK_BUFFER_OVERRUN / FAST_FAIL_STACK_COOKIE_CHECK_FAILURE" },
    "Stack buffer overrun found by the stack check",
  ],
  ["missing DLL", { os: "windows", reason: "STATUS_DLL_NOT_FOUND" }, "A DLL could not be loaded"],
  [
    "freed memory, 32 bits",
    { os: "windows", cpu: "x86", pointerBytes: 4, reason: "EXCEPTION_ACCESS_VIOLATION_READ", address: 0xddddddddn + 8n },
    "Use after free: a pointer was read from memory that had been freed",
    "likely",
  ],
  [
    "freed memory of Windows' heap",
    { os: "windows", cpu: "x86", pointerBytes: 4, reason: "EXCEPTION_ACCESS_VIOLATION_READ", address: 0xfeeefeeen },
    "Use after free: a pointer was read from memory that had been freed",
  ],
  [
    "freed memory, 64 bits, by a register",
    {
      os: "windows",
      reason: "EXCEPTION_ACCESS_VIOLATION_READ",
      address: 0xffffffffffffffffn,
      registers: new Map([["rax", 0xe5e5e5e5e5e5e5e5n]]),
    },
    "Use after free: a pointer was read from memory that had been freed",
  ],
  ["a pattern in a register beside an address that is known", { registers: new Map([["rax", 0xe5e5e5e5e5e5e5e5n]]) }, WILD],
  [
    "uninitialised memory",
    { os: "windows", cpu: "x86", pointerBytes: 4, reason: "EXCEPTION_ACCESS_VIOLATION_WRITE", address: 0xcdcdcdcdn },
    "Use of uninitialised memory: a pointer was read that nobody had set",
  ],
  [
    "past a heap block",
    { os: "windows", cpu: "x86", pointerBytes: 4, reason: "EXCEPTION_ACCESS_VIOLATION_READ", address: 0xfdfdfdfdn },
    "Read past the end of a heap block",
  ],
  [
    "a pointer made of text",
    { os: "windows", cpu: "x86", pointerBytes: 4, reason: "EXCEPTION_ACCESS_VIOLATION_READ", address: 0x41414141n },
    "Access through a pointer that was overwritten with text, as a buffer overrun does",
    "possible",
  ],
  [
    "a signed pointer that failed",
    { os: "macos", cpu: "arm64", reason: "EXC_BAD_ACCESS / KERN_INVALID_ADDRESS", address: 0x00a0000123456780n | (0x20n << 56n) },
    "Access through a corrupted pointer: its upper bits are no address, as after a failed pointer authentication",
    "likely",
  ],
  ["read-only memory", { region: regionOf({ read: true }) }, "Write to read-only memory", "likely"],
  ["a read of readable memory says nothing", { access: "read", region: regionOf({ read: true }) }, null],
  [
    "a guard page far from the stack",
    { region: (at) => (at === 0x7f1234567890n ? regionOf({ guard: true })(at) : null) },
    "Access to a guard page: an overrun of the memory beside it",
  ],
  ["stack pointer in a guard page, address unknown", { address: 0n, region: regionOf({ guard: true }) }, "Stack overflow", "certain"],
  ["misaligned", { reason: "SIGBUS / BUS_ADRALN" }, "Access to a misaligned address", "certain"],
  ["a file that shrank", { reason: "SIGBUS / BUS_ADRERR" }, "A mapped file is shorter than its mapping, or could not be read"],
  ["sandbox", { reason: "SIGSYS / SYS_SECCOMP" }, "System call forbidden by the sandbox", "certain"],
  ["guarded resource", { os: "macos", reason: "EXC_GUARD / GUARD_TYPE_FD / 0x00000001" }, "Use of a resource that the system guards"],
  [
    "unloaded library",
    { ip: 0x7f0000001000n, ipInModule: false, unloaded: () => "old.dll" },
    "Call into a library that had been unloaded",
    "certain",
  ],
  ["a flipped bit", { bitFlips: [flip(0.4), flip(0.7)] }, "A flipped bit in a pointer, possibly faulty hardware", "possible"],
  ["an unlikely flipped bit", { bitFlips: [flip(0.4)] }, WILD],
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

test("bit flips: only what can be accessed, rated by what is near", () => {
  const accessible = (at: bigint): boolean => at >= 0x7f0000000000n && at < 0x7f0000010000n;
  const ask = (address: bigint, registers: Record<string, bigint> = {}, amd64 = true): [string, number, string | null][] =>
    findBitFlips({ address, amd64, registers: new Map(Object.entries(registers)), accessible }).map((f) => [
      f.address.toString(16),
      f.confidence,
      f.register,
    ]);
  assert.deepEqual(ask(0x7f0000001000n), [], "the address itself can be accessed");
  assert.deepEqual(ask(0n), [], "null is null");
  assert.deepEqual(ask(0x7f0000101000n), [["7f0000001000", 0.25, null]]);
  assert.deepEqual(ask(0x7f0000101000n, { rax: 0x7f0000001008n, rbx: 0x7f0000000800n }), [["7f0000001000", 0.6625, null]]);
  assert.deepEqual(ask(0x7f0000101000n, { rax: 0xa5a5a5a5a5a5a5a5n }), [["7f0000001000", 0.125, null]], "poison speaks against it");
  assert.deepEqual(ask(0x80007f0000001000n), [["7f0000001000", 0.925, null]], "non-canonical");
  assert.deepEqual(ask(0x1000n), [["0", 0.4375, null]], "low, and null but for one bit");
  assert.deepEqual(ask(0x7f0000101000n, { rdi: 0x7f0000101000n }), [
    ["7f0000001000", 0.25, null],
    ["7f0000001000", 0.25, "rdi"],
  ]);
});

test("the thrown type of Visual C++, followed through captured memory", () => {
  const base = 0x140000000n;
  const words = new Map<bigint, bigint>([
    [base + 0x100n + 12n, 0x200n],
    [base + 0x200n + 4n, 0x300n],
    [base + 0x300n + 4n, 0x400n],
  ]);
  const memory = {
    word: (at: bigint): bigint | null => words.get(at) ?? null,
    bytes: (at: bigint): Uint8Array | null => (at === base + 0x410n ? new TextEncoder().encode(".?AVruntime_error@std@@\0rest") : null),
  };
  const parameters = [0x19930520n, 0x5000n, base + 0x100n, base];
  assert.equal(thrownType(0xe06d7363, parameters, 8, memory), "std::runtime_error");
  assert.equal(thrownType(0xe06d7363, parameters.slice(0, 3), 8, memory), null);
  assert.equal(thrownType(0xc0000005, parameters, 8, memory), null);
  words.delete(base + 0x204n);
  assert.equal(thrownType(0xe06d7363, parameters, 8, memory), null);
  const types = [".H", ".PEBD", ".?AUFault@@", ".?AV?$Box@H@ns@@", ".?AVcut@", "\u0001x", ""];
  const readable = ["int", "char const *", "Fault", "ns::Box<int>", ".?AVcut@", null, null];
  assert.deepEqual(types.map(readableTypeName), readable);
});
