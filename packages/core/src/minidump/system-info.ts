/**
 * SystemInfo: which system and processor the process ran on.
 *
 *   0 architecture u16 · 2 level u16 · 4 revision u16 · 6 processors u8 · 7 product u8 · 8 major u32 · 12 minor u32 ·
 *   16 build u32 · 20 platform u32 · 24 CSD version (string offset) u32 · 28 suite u16 · 30 reserved · 32 CPU information, 24 bytes:
 *   on x86 the vendor's 12 letters first.
 */
import { decodeUtf8 } from "../bytes/text.ts";
import type { CpuName } from "../cpu/cpu.ts";
import type { Minidump } from "./minidump.ts";

export type Os = "windows" | "linux" | "android" | "macos" | "ios" | "other";

export type SystemInfo = {
  os: Os;
  /** As the report prints it: "Windows NT", "Linux", "Mac OS X"…, a number for systems we do not know. */
  osTitle: string;
  osVersion: string | null;
  cpu: CpuName;
  cpuTitle: string;
  cpuCount: number;
  cpuInfo: string | null;
};

const PLATFORM: ReadonlyMap<number, [Os, string]> = new Map([
  [1, ["windows", "Windows 95"]],
  [2, ["windows", "Windows NT"]],
  [0x8000, ["other", "Unix"]],
  [0x8101, ["macos", "Mac OS X"]],
  [0x8102, ["ios", "iOS"]],
  [0x8201, ["linux", "Linux"]],
  [0x8202, ["other", "Solaris"]],
  [0x8203, ["android", "Android"]],
  [0x8204, ["other", "PS3"]],
  [0x8205, ["other", "NaCl"]],
  [0x8206, ["other", "Fuchsia"]],
]);

const ARCHITECTURE: ReadonlyMap<number, [CpuName, string]> = new Map([
  [0, ["x86", "x86"]],
  [10, ["x86", "x86"]], // IA-32 on Windows 64
  [9, ["amd64", "amd64"]],
  [5, ["arm", "arm"]],
  [12, ["arm64", "arm64"]],
  [0x8003, ["arm64", "arm64"]],
  [1, ["mips", "mips"]],
  [3, ["ppc", "ppc"]],
  [0x8001, ["sparc", "sparc"]],
  [0x8002, ["ppc64", "ppc64"]],
  [0x8004, ["mips64", "mips64"]],
  [0x8005, ["unknown", "riscv"]],
  [0x8006, ["riscv64", "riscv64"]],
]);

const RECORD_BYTES = 56;

export function readSystemInfo(dump: Minidump): SystemInfo | null {
  return dump.warnings.guard<SystemInfo | null>(
    "SystemInfo",
    () => {
      const c = dump.stream("systemInfo", RECORD_BYTES);
      if (!c) return null;
      const architecture = c.u16();
      const level = c.u16();
      const revision = c.u16();
      const cpuCount = c.u8();
      c.skip(1);
      const version = `${c.u32()}.${c.u32()}.${c.u32()}`;
      const platform = c.u32();
      const csdOffset = c.u32();
      c.skip(4);
      const csd = dump.warnings.guard("SystemInfo", () => dump.utf16String("SystemInfo CSD version", csdOffset), null)?.trim() ?? "";
      const [os, osTitle] = PLATFORM.get(platform) ?? ["other", `0x${platform.toString(16).padStart(8, "0")}`];
      const [cpu, cpuTitle] = ARCHITECTURE.get(architecture) ?? ["unknown", "unknown"];
      const vendor = cpu === "x86" && c.left >= 12 ? decodeUtf8(c.bytes(12)) : null;
      return {
        os: os as Os,
        osTitle,
        osVersion: os === "linux" ? linuxVersion(version, csd) : csd === "" ? version : `${version} ${csd}`,
        cpu: cpu as CpuName,
        cpuTitle,
        cpuCount,
        cpuInfo: cpuInfo(cpu as CpuName, vendor, level, revision),
      };
    },
    null,
  );
}

/** Breakpad and Crashpad on Linux put 0.0.0 into the numbers and `uname -srvmo` into the text: "Linux 6.1.0 #1 SMP … x86_64 Linux/GNU". */
function linuxVersion(version: string, uname: string): string {
  if (uname === "") return version;
  if (version !== "0.0.0") return `${version} ${uname}`;
  const words = uname.split(" ");
  if (words[0] !== "Linux" || words.length < 3) return `${version} ${uname}`;
  if (/^(GNU\/Linux|Linux\/GNU)$/.test(words.at(-1) ?? "")) words.pop();
  words.pop();
  return words.slice(1).join(" ");
}

function cpuInfo(cpu: CpuName, vendor: string | null, level: number, revision: number): string | null {
  if (cpu === "x86" || cpu === "amd64") {
    const family = `family ${level} model ${revision >> 8} stepping ${revision & 0xff}`;
    return vendor === null || vendor === "" ? family : `${vendor} ${family}`;
  }
  if (cpu === "arm") return `ARMv${level}`;
  return null;
}
