/** The processors we can walk, by the name the dump's system info gives. */
import { amd64 } from "./amd64.ts";
import { arm } from "./arm.ts";
import { arm64 } from "./arm64.ts";
import type { Cpu, CpuName } from "./cpu.ts";
import { x86 } from "./x86.ts";

export function cpuByName(name: CpuName): Cpu | null {
  switch (name) {
    case "amd64":
      return amd64;
    case "x86":
      return x86;
    case "arm64":
      return arm64;
    case "arm":
      return arm;
    case "unknown":
      return null;
  }
}
