/** Whole processes measured side by side: wall time, processor time, peak resident memory. Linux. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

export type Measured = { seconds: number; cpuSeconds: number; peakMb: number; stdout: string; stderr: string; code: number | null };

const cli = fileURLToPath(new URL("../../cli/src/main.ts", import.meta.url));
const sampleMs = 10;
/** Clock ticks a second in /proc. */
const ticks = 100;

/** The command line as `./salvage` runs it, without what that checks first. */
export function measureSalvage(...args: readonly string[]): Promise<Measured> {
  return measure(process.execPath, ["--max-semi-space-size=4", cli, ...args]);
}

/** Runs a program to its end. */
export function measure(command: string, args: readonly string[]): Promise<Measured> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NODE_NO_WARNINGS: "1" } });
    let stdout = "";
    let stderr = "";
    let peakMb = 0;
    let cpuSeconds = 0;
    const sample = () => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
        peakMb = Math.max(peakMb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024);
        const fields = readFileSync(`/proc/${child.pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
        cpuSeconds = Math.max(cpuSeconds, (Number(fields[11]) + Number(fields[12])) / ticks);
      } catch {
        // it has ended
      }
    };
    const timer = setInterval(sample, sampleMs);
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", reject);
    child.once("close", (code) => {
      clearInterval(timer);
      resolve({ seconds: (performance.now() - started) / 1000, cpuSeconds, peakMb, stdout, stderr, code });
    });
  });
}

/** `3.81 s (processor 3.70 s), 941 MB` */
export function showMeasured({ seconds, cpuSeconds, peakMb }: Measured): string {
  return `${seconds.toFixed(2)} s (processor ${cpuSeconds.toFixed(2)} s), ${peakMb.toFixed(0)} MB`;
}

/** Ours against another's: a line of a table. */
export function showRatio(what: string, ours: Measured, other: Measured, limit: number): string {
  const wall = ours.seconds / other.seconds;
  const cpu = ours.cpuSeconds / other.cpuSeconds;
  return `${what}: ratio ${wall.toFixed(2)} by time, ${cpu.toFixed(2)} by processor time, ${(ours.peakMb / other.peakMb).toFixed(2)} by memory (goal ${limit} by time)`;
}
