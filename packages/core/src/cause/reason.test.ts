/** Spellings that `minidump-stackwalk` gives for the same numbers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { linuxReason } from "./linux-reason.ts";
import { macosReason } from "./macos-reason.ts";
import { crashAddress } from "./reason.ts";
import { windowsReason } from "./windows-reason.ts";

test("Linux signals", () => {
  assert.equal(linuxReason(11, 1), "SIGSEGV / SEGV_MAPERR");
  assert.equal(linuxReason(11, 2), "SIGSEGV / SEGV_ACCERR");
  assert.equal(linuxReason(11, 0), "SIGSEGV");
  assert.equal(linuxReason(11, 0x80), "SIGSEGV / SI_KERNEL");
  assert.equal(linuxReason(6, 0xfffffffa), "SIGABRT / SI_TKILL");
  assert.equal(linuxReason(8, 1), "SIGFPE / FPE_INTDIV");
  assert.equal(linuxReason(4, 2), "SIGILL / ILL_ILLOPN");
  assert.equal(linuxReason(15, 0x12345), "SIGTERM / 0x00012345");
  assert.equal(linuxReason(0, 0), "unknown 0x00000000 / 0x00000000");
  assert.equal(linuxReason(77, 1), "unknown 0x0000004d / 0x00000001");
  assert.equal(linuxReason(0xffffffff, 0), "DUMP_REQUESTED");
});

test("Windows exceptions", () => {
  assert.equal(windowsReason(0xc0000005, [0n, 0n]), "EXCEPTION_ACCESS_VIOLATION_READ");
  assert.equal(windowsReason(0xc0000005, [1n, 0n]), "EXCEPTION_ACCESS_VIOLATION_WRITE");
  assert.equal(windowsReason(0xc0000005, [8n, 0n]), "EXCEPTION_ACCESS_VIOLATION_EXEC");
  assert.equal(windowsReason(0xc0000005, []), "EXCEPTION_ACCESS_VIOLATION");
  assert.equal(windowsReason(0xc0000006, [0n, 0n, 0xc000009cn]), "EXCEPTION_IN_PAGE_ERROR_READ / STATUS_DEVICE_DATA_ERROR");
  assert.equal(windowsReason(0xc0000409, [7n]), "EXCEPTION_STACK_BUFFER_OVERRUN / FAST_FAIL_FATAL_APP_EXIT");
  assert.equal(windowsReason(0xc0000409, []), "STATUS_STACK_BUFFER_OVERRUN");
  assert.equal(windowsReason(0xe06d7363, []), "Unhandled C++ Exception");
  assert.equal(windowsReason(0x12345, []), "unknown 0x00012345");
});

test("macOS exceptions depend on the processor", () => {
  assert.equal(macosReason(1, 1, "arm64"), "EXC_BAD_ACCESS / KERN_INVALID_ADDRESS");
  assert.equal(macosReason(1, 13, "amd64"), "EXC_BAD_ACCESS / EXC_I386_GPFLT");
  assert.equal(macosReason(6, 1, "arm64"), "EXC_BREAKPOINT / EXC_ARM_BREAKPOINT");
  assert.equal(macosReason(3, 1, "amd64"), "EXC_ARITHMETIC / EXC_I386_DIV");
  assert.equal(macosReason(0x43507378, 0, "amd64"), "Simulated Exception");
  assert.equal(macosReason(0x43506e78, 0, "amd64"), "UNCAUGHT_NS_EXCEPTION");
  assert.equal(macosReason(0, 0, "amd64"), "unknown 0x00000000 / 0x00000000");
});

test("macOS: resource limits, guards and the signal behind a crash", () => {
  const wide = (kind: bigint, flavour: bigint, at: bigint): bigint[] => [11n, (kind << 61n) | (flavour << at), 0n];
  assert.equal(macosReason(11, 0, "arm64", wide(3n, 1n, 58n)), "EXC_RESOURCE / RESOURCE_TYPE_MEMORY / FLAVOR_HIGH_WATERMARK");
  assert.equal(macosReason(11, 0, "arm64", wide(1n, 7n, 58n)), "EXC_RESOURCE / RESOURCE_TYPE_CPU / 0x00000007");
  assert.equal(macosReason(11, 5, "arm64"), "EXC_RESOURCE / 0x00000005");
  assert.equal(macosReason(12, 0, "arm64", wide(2n, 1n, 32n)), "EXC_GUARD / GUARD_TYPE_FD / 0x00000001");
  assert.equal(macosReason(12, 9, "arm64", wide(7n, 1n, 32n)), "EXC_GUARD / 0x00000009");
  assert.equal(macosReason(10, 0x06000000, "arm64"), "EXC_CRASH / SIGABRT");
  assert.equal(macosReason(10, 0, "arm64"), "EXC_CRASH / 0x00000000");
});

test("the crash address is what could not be accessed, in the width of the processor", () => {
  const record = { threadId: 1, code: 0xc0000005, flags: 0, address: 0x1000n, information: [1n, 0x45n], context: null };
  assert.equal(crashAddress(record, "windows", 8), 0x45n);
  assert.equal(crashAddress({ ...record, information: [] }, "windows", 8), 0x1000n);
  assert.equal(crashAddress(record, "linux", 8), 0x1000n);
  assert.equal(crashAddress({ ...record, address: 0xffffffff00000045n }, "linux", 4), 0x45n);
});
