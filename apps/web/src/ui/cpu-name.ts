/** CPUs as people write them. Pure. */
const cpus: Record<string, string> = { amd64: "x64", x86_64: "x64", x86: "x86", arm64: "ARM64", aarch64: "ARM64", arm: "ARM" };

export function cpuName(cpu: string): string {
  return cpus[cpu.toLowerCase()] ?? cpu;
}
