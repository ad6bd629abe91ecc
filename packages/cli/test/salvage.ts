/** Runs the command line as a process, with nothing of this machine's settings. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const entry = fileURLToPath(new URL("../src/main.ts", import.meta.url));

export type Result = { code: number | null; stdout: string; stderr: string };

/** @param env beside PATH; a test that logs in gives XDG_CONFIG_HOME */
export function salvage(args: readonly string[], input = "", env: NodeJS.ProcessEnv = {}): Promise<Result> {
  return run(process.execPath, [entry, ...args], input, env);
}

export function run(command: string, args: readonly string[], input = "", env: NodeJS.ProcessEnv = {}): Promise<Result> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { PATH: process.env.PATH, XDG_CONFIG_HOME: "/nonexistent", NODE_NO_WARNINGS: "1", ...env } });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    // A program may end without having read what it was given.
    child.stdin.on("error", () => undefined).end(input);
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}
