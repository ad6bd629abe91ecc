/** macOS and iOS: the exception's code is a Mach exception type, its flags the Mach code (whose meaning depends on type and processor). */
import type { CpuName } from "../cpu/cpu.ts";

const TYPES: ReadonlyMap<number, string> = new Map([
  [1, "EXC_BAD_ACCESS"],
  [2, "EXC_BAD_INSTRUCTION"],
  [3, "EXC_ARITHMETIC"],
  [4, "EXC_EMULATION"],
  [5, "EXC_SOFTWARE"],
  [6, "EXC_BREAKPOINT"],
  [7, "EXC_SYSCALL"],
  [8, "EXC_MACH_SYSCALL"],
  [9, "EXC_RPC_ALERT"],
  [10, "EXC_CRASH"],
  [11, "EXC_RESOURCE"],
  [12, "EXC_GUARD"],
  [13, "EXC_CORPSE_NOTIFY"],
  // Crashpad's own: a dump on request, and an exception of the Objective-C run time.
  [0x43507378, "Simulated Exception"],
  [0x43506e78, "UNCAUGHT_NS_EXCEPTION"],
]);

const BAD_ACCESS: ReadonlyMap<number, string> = new Map([
  [1, "KERN_INVALID_ADDRESS"],
  [2, "KERN_PROTECTION_FAILURE"],
  [5, "KERN_FAILURE"],
  [8, "KERN_NO_ACCESS"],
  [9, "KERN_MEMORY_FAILURE"],
  [10, "KERN_MEMORY_ERROR"],
  [50, "KERN_CODESIGN_ERROR"],
]);

const BAD_ACCESS_ARM: ReadonlyMap<number, string> = new Map([
  [0x0101, "EXC_ARM_DA_ALIGN"],
  [0x0102, "EXC_ARM_DA_DEBUG"],
  [0x0103, "EXC_ARM_SP_ALIGN"],
  [0x0104, "EXC_ARM_SWP"],
  [0x0105, "EXC_ARM_PAC_FAIL"],
]);

const BAD_ACCESS_X86: ReadonlyMap<number, string> = new Map([[13, "EXC_I386_GPFLT"]]);

const X86: Readonly<Record<string, ReadonlyMap<number, string>>> = {
  EXC_BAD_INSTRUCTION: new Map([
    [1, "EXC_I386_INVOP"],
    [10, "EXC_I386_INVTSSFLT"],
    [11, "EXC_I386_SEGNPFLT"],
    [12, "EXC_I386_STKFLT"],
    [13, "EXC_I386_GPFLT"],
    [17, "EXC_I386_ALIGNFLT"],
  ]),
  EXC_ARITHMETIC: new Map([
    [1, "EXC_I386_DIV"],
    [2, "EXC_I386_INTO"],
    [3, "EXC_I386_NOEXT"],
    [4, "EXC_I386_EXTOVR"],
    [5, "EXC_I386_EXTERR"],
    [6, "EXC_I386_EMERR"],
    [7, "EXC_I386_BOUND"],
    [8, "EXC_I386_SSEEXTERR"],
  ]),
  EXC_BREAKPOINT: new Map([
    [1, "EXC_I386_SGL"],
    [2, "EXC_I386_BPT"],
  ]),
};

const ARM: Readonly<Record<string, ReadonlyMap<number, string>>> = {
  EXC_BAD_INSTRUCTION: new Map([[1, "EXC_ARM_UNDEFINED"]]),
  EXC_ARITHMETIC: new Map([
    [1, "EXC_ARM_FP_IO"],
    [2, "EXC_ARM_FP_DZ"],
    [3, "EXC_ARM_FP_OF"],
    [4, "EXC_ARM_FP_UF"],
    [5, "EXC_ARM_FP_IX"],
    [6, "EXC_ARM_FP_ID"],
  ]),
  EXC_BREAKPOINT: new Map([
    [1, "EXC_ARM_BREAKPOINT"],
    [0x0101, "EXC_ARM_DA_ALIGN"],
    [0x0102, "EXC_ARM_DA_DEBUG"],
  ]),
};

const SOFTWARE: ReadonlyMap<number, string> = new Map([
  [0x00010000, "EXC_UNIX_BAD_SYSCALL"],
  [0x00010001, "EXC_UNIX_BAD_PIPE"],
  [0x00010002, "SIGABRT"],
  [0x00010003, "EXC_SOFT_SIGNAL"],
  [0xe06d7363, "UNCAUGHT_NS_EXCEPTION"],
]);

/** Kinds of resource limits with their flavours, by the numbers in the 64-bit code. */
const RESOURCES: ReadonlyMap<number, readonly [string, readonly string[]]> = new Map([
  [1, ["RESOURCE_TYPE_CPU", ["FLAVOR_CPU_MONITOR", "FLAVOR_CPU_MONITOR_FATAL"]]],
  [2, ["RESOURCE_TYPE_WAKEUPS", ["FLAVOR_WAKEUPS_MONITOR"]]],
  [3, ["RESOURCE_TYPE_MEMORY", ["FLAVOR_HIGH_WATERMARK", "FLAVOR_DIAG_MEMLIMIT"]]],
  [4, ["RESOURCE_TYPE_IO", ["FLAVOR_IO_PHYSICAL_WRITES", "FLAVOR_IO_LOGICAL_WRITES"]]],
  [5, ["RESOURCE_TYPE_THREADS", ["FLAVOR_THREADS_HIGH_WATERMARK"]]],
  [6, ["RESOURCE_TYPE_PORTS", ["FLAVOR_PORT_SPACE_FULL"]]],
]);

const GUARDS: readonly string[] = [
  "GUARD_TYPE_NONE",
  "GUARD_TYPE_MACH_PORT",
  "GUARD_TYPE_FD",
  "GUARD_TYPE_USER",
  "GUARD_TYPE_VN",
  "GUARD_TYPE_VIRT_MEMORY",
  "GUARD_TYPE_REJECTED_SC",
];

/** Signals by the numbers macOS gives them, which EXC_CRASH carries in its code. */
const CRASH_SIGNALS: ReadonlyMap<number, string> = new Map([
  [3, "SIGQUIT"],
  [4, "SIGILL"],
  [5, "SIGTRAP"],
  [6, "SIGABRT"],
  [8, "SIGFPE"],
  [9, "SIGKILL"],
  [10, "SIGBUS"],
  [11, "SIGSEGV"],
  [12, "SIGSYS"],
]);

/**
 * "EXC_BAD_ACCESS / KERN_INVALID_ADDRESS". `information` is what Crashpad adds: type, code and subcode in 64 bits, which tell kind and
 * flavour of resource limits and guards.
 */
export function macosReason(type: number, code: number, cpu: CpuName, information: readonly bigint[] = []): string {
  const name = TYPES.get(type);
  const codeHex = `0x${code.toString(16).padStart(8, "0")}`;
  if (!name) return `unknown 0x${type.toString(16).padStart(8, "0")} / ${codeHex}`;
  if (type > 0xffff) return name;
  return `${name} / ${detailOf(name, code, cpu, information[1]) ?? codeHex}`;
}

function detailOf(name: string, code: number, cpu: CpuName, wideCode: bigint | undefined): string | undefined {
  const isArm = cpu === "arm" || cpu === "arm64";
  switch (name) {
    case "EXC_BAD_ACCESS":
      return BAD_ACCESS.get(code) ?? (isArm ? BAD_ACCESS_ARM : BAD_ACCESS_X86).get(code);
    case "EXC_SOFTWARE":
      return SOFTWARE.get(code);
    case "EXC_CRASH":
      return CRASH_SIGNALS.get(code >>> 24);
    case "EXC_RESOURCE": {
      const kind = wideCode === undefined ? undefined : RESOURCES.get(Number((wideCode >> 61n) & 7n));
      if (wideCode === undefined || !kind) return undefined;
      const flavour = Number((wideCode >> 58n) & 7n);
      return `${kind[0]} / ${kind[1][flavour - 1] ?? `0x${flavour.toString(16).padStart(8, "0")}`}`;
    }
    case "EXC_GUARD": {
      const kind = wideCode === undefined ? undefined : GUARDS[Number((wideCode >> 61n) & 7n)];
      if (wideCode === undefined || !kind) return undefined;
      return `${kind} / 0x${((wideCode >> 32n) & 0x1fffffffn).toString(16).padStart(8, "0")}`;
    }
    default:
      return (isArm ? ARM : X86)[name]?.get(code);
  }
}
