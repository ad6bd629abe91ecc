/**
 * What Breakpad and Crashpad on Linux copy from the system as text: /etc/lsb-release (or os-release), /proc/cpuinfo, /proc/<pid>/limits.
 * The command line and the environment are in such dumps as well and are never read.
 */
import { MAX_LINUX_TEXT_BYTES } from "./constants.ts";
import type { Minidump } from "./minidump.ts";

export type LinuxDistribution = { id: string; release: string; codename: string; description: string };

/** One line of /proc/<pid>/limits; null means unlimited. */
export type ProcessLimit = { name: string; soft: bigint | null; hard: bigint | null; unit: string };

const MAX_FIELD_CHARACTERS = 200;
const MAX_LIMITS = 64;

/** lsb-release's keys, and those that os-release has instead; a later file's key does not replace an earlier one's. */
const DISTRIBUTION_KEYS: readonly (readonly [keyof LinuxDistribution, readonly string[]])[] = [
  ["id", ["DISTRIB_ID", "ID"]],
  ["release", ["DISTRIB_RELEASE", "VERSION_ID"]],
  ["codename", ["DISTRIB_CODENAME", "VERSION_CODENAME"]],
  ["description", ["DISTRIB_DESCRIPTION", "PRETTY_NAME"]],
];

export function readDistribution(dump: Minidump): LinuxDistribution | null {
  const text = dump.text("linuxLsbRelease", MAX_LINUX_TEXT_BYTES);
  if (text === null) return null;
  const values = new Map<string, string>();
  for (const line of text.split("\n", MAX_LIMITS)) {
    const found = /^\s*([A-Z_]+)\s*=\s*(.*?)\s*$/.exec(line);
    if (found && !values.has(found[1]!)) values.set(found[1]!, unquoted(found[2]!).slice(0, MAX_FIELD_CHARACTERS));
  }
  const result: LinuxDistribution = { id: "", release: "", codename: "", description: "" };
  for (const [field, keys] of DISTRIBUTION_KEYS) {
    const key = keys.find((name) => values.has(name));
    if (key !== undefined) result[field] = values.get(key) ?? "";
  }
  return result;
}

function unquoted(value: string): string {
  return /^(["']).*\1$/.test(value) && value.length >= 2 ? value.slice(1, -1) : value;
}

/** The processor's microcode revision, "0x…" without padding, of /proc/cpuinfo. */
export function readMicrocode(dump: Minidump): string | null {
  const text = dump.text("linuxCpuInfo", MAX_LINUX_TEXT_BYTES);
  const found = text && /^microcode\s*:\s*0x([0-9a-f]{1,16})\s*$/im.exec(text);
  return found ? `0x${BigInt(`0x${found[1]}`).toString(16)}` : null;
}

export function readLimits(dump: Minidump): ProcessLimit[] | null {
  const text = dump.text("linuxLimits", MAX_LINUX_TEXT_BYTES);
  if (text === null) return null;
  const limits: ProcessLimit[] = [];
  for (const line of text.split("\n", MAX_LIMITS)) {
    const found = /^(\S.*?)\s{2,}(unlimited|\d{1,20})\s+(unlimited|\d{1,20})\s*(\S*)\s*$/.exec(line);
    if (found) limits.push({ name: found[1]!, soft: limitValue(found[2]!), hard: limitValue(found[3]!), unit: found[4]! || "n/a" });
  }
  return limits;
}

function limitValue(text: string): bigint | null {
  return text === "unlimited" ? null : BigInt(text);
}
