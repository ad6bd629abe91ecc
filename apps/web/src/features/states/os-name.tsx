/** Operating system and CPU as people write them. */
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
const cpus: Record<string, string> = { amd64: "x64", x86_64: "x64", x86: "x86", arm64: "ARM64", aarch64: "ARM64", arm: "ARM" };

export function OsName({ os, cpu }: { os: string | null; cpu: string | null }) {
  const parts = [os === null ? null : (systems[os.toLowerCase()] ?? os), cpu === null ? null : (cpus[cpu.toLowerCase()] ?? cpu)];
  const text = parts.filter((part) => part !== null && part !== "" && part !== "unknown").join(" · ");
  return <span className="whitespace-nowrap">{text === "" ? "–" : text}</span>;
}
