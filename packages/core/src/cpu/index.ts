/** The processors we can walk, by the name the dump's system info gives. */
import { amd64 } from "./amd64.ts";
import { arm } from "./arm.ts";
import { appleArm64, arm64 } from "./arm64.ts";
import type { Cpu, CpuName } from "./cpu.ts";
import { mips, mips64 } from "./mips.ts";
import { ppc, ppc64 } from "./ppc.ts";
import { riscv64 } from "./riscv64.ts";
import { sparc } from "./sparc.ts";
import { x86 } from "./x86.ts";

/** `isApple`: macOS or iOS, which sign pointers. */
export function cpuByName(name: CpuName, isApple = false): Cpu | null {
  switch (name) {
    case "amd64":
      return amd64;
    case "x86":
      return x86;
    case "arm64":
      return isApple ? appleArm64 : arm64;
    case "arm":
      return arm;
    case "mips":
      return mips;
    case "mips64":
      return mips64;
    case "riscv64":
      return riscv64;
    case "ppc":
      return ppc;
    case "ppc64":
      return ppc64;
    case "sparc":
      return sparc;
    case "unknown":
      return null;
  }
}
