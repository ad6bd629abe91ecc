/** Operating system and CPU as people write them. */
import { cpuName } from "#web/ui/cpu-name.ts";

const systems: Record<string, string> = {
  linux: "Linux",
  windows: "Windows",
  "windows nt": "Windows",
  mac: "macOS",
  macos: "macOS",
  "mac os x": "macOS",
  ios: "iOS",
  android: "Android",
};

export function OsName({ os, cpu }: { os: string | null; cpu: string | null }) {
  const parts = [os === null ? null : (systems[os.toLowerCase()] ?? os), cpu === null ? null : cpuName(cpu)];
  const text = parts.filter((part) => part !== null && part !== "" && part !== "unknown").join(" · ");
  return <span className="whitespace-nowrap">{text === "" ? "–" : text}</span>;
}
