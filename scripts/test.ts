/**
 * `npm test`: everything that says whether this tree is sound, in the order in which it fails fastest. One PostgreSQL and one Temporal
 * server are shared by the whole run. Prints each step with its result and duration, the output of what failed, and ends with one plain
 * line `N passed, N failed`; a step such as "lint" counts as one. Exit code 1 when anything failed.
 *
 * usage: npm test [-- --only step,step] [-- --long]     steps: format, types, deps, build, unit, integration, browser; check = the first three
 */
import { spawn } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join, relative } from "node:path";
import { run } from "node:test";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const toolchain = join(root, ".toolchain");
const logFolder = join(toolchain, "logs/test");
/** The machine this has to be quick on has two cores. */
const parallel = 2;
const testTimeoutMs = { unit: 120_000, integration: 300_000, browser: 480_000 };
/** What a whole file may take, until the last process that it started is gone. */
const fileTimeoutMs = { unit: 300_000, integration: 720_000, browser: 720_000 };

const stepNames = ["format", "types", "deps", "build", "unit", "integration", "browser"] as const;
type StepName = (typeof stepNames)[number];
type Count = { passed: number; failed: number };

const total: Count = { passed: 0, failed: 0 };

/** Prints a finished step and adds it to the total. */
function report(title: string, count: Count, since: number, output: string): void {
  total.passed += count.passed;
  total.failed += count.failed;
  const result = count.failed > 0 ? "FAILED" : "ok";
  const numbers = count.passed + count.failed > 1 ? `  ${count.passed} passed, ${count.failed} failed` : "";
  console.log(`  ${result.padEnd(7)}${title.padEnd(34)}${((performance.now() - since) / 1000).toFixed(1).padStart(7)} s${numbers}`);
  if (count.failed > 0 && output.trim() !== "") console.log(output.trimEnd().replace(/^/gm, "    | "));
}

type Outcome = { code: number; output: string };

/** Runs a command, its output kept whole in a log and, cut to the end, for the report. */
function execute(name: string, command: string, args: readonly string[], cwd = root): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    const done = (code: number) => {
      const output = Buffer.concat(chunks).toString("utf8");
      writeFileSync(join(logFolder, `${name}.log`), output);
      const lines = output.trimEnd().split("\n");
      resolve({ code, output: lines.slice(-120).join("\n") });
    };
    child.once("error", (error) => {
      chunks.push(Buffer.from(error.message));
      done(127);
    });
    child.once("close", (code) => done(code ?? 1));
  });
}

async function single(title: string, name: string, command: string, args: readonly string[], cwd = root): Promise<boolean> {
  const since = performance.now();
  const { code, output } = await execute(name, command, args, cwd);
  report(title, code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }, since, output);
  return code === 0;
}

/** `pnpm` and the workspace's tools, without a shell's PATH. */
const pnpm = (args: readonly string[]): [string, string[]] => [
  process.execPath,
  [join(toolchain, "node_modules/pnpm/bin/pnpm.cjs"), ...args],
];

async function format(): Promise<void> {
  await single("format and lint", "format", join(root, "node_modules/.bin/biome"), [
    "check",
    "--max-diagnostics=50",
    "--diagnostic-level=warn",
    ".",
  ]);
}

/** Types of every package that has a tsconfig, a few at a time; and of these scripts. */
async function types(): Promise<void> {
  const folders = globSync("{apps,packages}/*/tsconfig.json", { cwd: root }).map((path) => dirname(path));
  folders.sort();
  const queue = [...folders, "scripts"];
  const worker = async () => {
    for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
      const name = `types-${folder.replaceAll("/", "-")}`;
      if (folder === "scripts") await single(`types ${folder}`, name, join(root, "node_modules/.bin/tsc"), ["--noEmit", "-p", "scripts"]);
      else await single(`types ${folder}`, name, ...pnpm(["run", "typecheck"]), join(root, folder));
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
}

async function deps(): Promise<void> {
  const tool = join(root, "node_modules/.bin/depcruise");
  await single("dependency rules", "deps", tool, [
    "--config",
    "tooling/dependency-cruiser.cjs",
    "--output-type",
    "err-long",
    "apps",
    "packages",
  ]);
}

/** What browser and launcher tests start: the dashboard and the workflow bundle, through the same stamp as `npm start`. */
async function build(): Promise<void> {
  await single("build", "build", "node", [join(root, "scripts/bootstrap.mjs"), "--level", "build"]);
}

type Kind = keyof typeof testTimeoutMs;

function testFiles(kind: Kind, long: boolean): string[] {
  const patterns = {
    unit: ["{apps,packages}/*/src/**/*.test.{ts,tsx}", "scripts/**/*.test.{ts,mjs}", ...(long ? ["packages/*/fuzz/**/*.test.ts"] : [])],
    integration: ["{apps,packages}/*/test/**/*.test.ts"],
    browser: ["apps/web/e2e/**/*.test.ts"],
  }[kind];
  const files = globSync(patterns, { cwd: root, exclude: (path) => path.includes("node_modules") });
  // Files named x.long.test.ts are for `npm run test:long` alone.
  const chosen = files.filter((file) => long || !file.includes(".long.test."));
  // The slow ones first, so that no core waits for a straggler.
  const rank = (file: string) => (/packages\/(launcher|cli)|apps\//.test(file) ? 0 : 1);
  return chosen.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)).map((file) => join(root, file));
}

/** What one test file came to. */
type FileResult = Count & { skipped: number; failures: string[]; hung: boolean };

/**
 * Runs one test file in a process of its own. A file whose process, or one that it started, is still there when its time is up (a test
 * that left something running, a browser that does not answer) is killed with all it started: a runner waits for the pipes to close,
 * however long that takes.
 */
function runFile(file: string, kind: Kind): Promise<FileResult> {
  const name = relative(root, file);
  const result: FileResult = { passed: 0, failed: 0, skipped: 0, failures: [], hung: false };
  let written = "";
  const mark = `SALVAGE_TEST_FILE=${name}`;
  const stream = run({
    files: [file],
    timeout: testTimeoutMs[kind],
    execArgv: ["--disable-warning=ExperimentalWarning"],
    env: { ...process.env, SALVAGE_TEST_FILE: name },
  });
  const note = (event: { message: string }) => {
    written = (written + event.message).slice(-8_000);
  };
  stream.on("test:stdout", note);
  stream.on("test:stderr", note);
  stream.on("test:pass", (event) => {
    if (event.details.type === "suite") return;
    if (event.skip !== undefined || event.todo !== undefined) result.skipped++;
    else result.passed++;
  });
  stream.on("test:fail", (event) => {
    const error = event.details.error as Error & { failureType?: string; cause?: unknown };
    // A suite fails because a test in it failed: that one is shown.
    if (error.failureType === "subtestsFailed") return;
    result.failed++;
    const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause ?? error.message);
    result.failures.push(`✗ ${name}: ${event.name}\n${cause.replace(/^/gm, "    ")}`);
  });
  stream.resume();
  return new Promise((resolve) => {
    let over = false;
    const done = () => {
      if (over) return;
      over = true;
      clearTimeout(watchdog);
      const text = written.trim();
      if (result.failed > 0 && text !== "") result.failures.push(`Output of ${name} (its end):\n${text.replace(/^/gm, "    ")}`);
      resolve(result);
    };
    const watchdog = setTimeout(() => {
      const killed = killMarked(mark);
      result.hung = true;
      result.failed++;
      result.failures.push(
        `✗ ${name}: did not end within ${fileTimeoutMs[kind] / 60_000} minutes; killed:\n${killed.replace(/^/gm, "    ")}`,
      );
      // The runner ends by itself now that the pipes are closed; a machine without /proc does not wait for it.
      setTimeout(done, 10_000);
    }, fileTimeoutMs[kind]);
    stream.once("end", done).once("close", done);
  });
}

/** Kills every process whose environment holds a setting; Linux only. @returns their command lines, one a line */
function killMarked(mark: string): string {
  const lines: string[] = [];
  for (const path of globSync("/proc/[0-9]*/environ")) {
    try {
      if (!readFileSync(path, "utf8").split("\0").includes(mark)) continue;
      lines.push(
        readFileSync(join(dirname(path), "cmdline"), "utf8")
          .replaceAll("\0", " ")
          .slice(0, 300),
      );
      process.kill(Number(path.split("/")[2]), "SIGKILL");
    } catch {
      // Gone meanwhile, or another user's.
    }
  }
  return lines.join("\n");
}

/** Runs all test files of a kind, a few at a time, and counts single tests. */
async function tests(kind: Kind, long: boolean): Promise<void> {
  const files = testFiles(kind, long);
  if (files.length === 0) return;
  const since = performance.now();
  const results: FileResult[] = [];
  const queue = [...files];
  const lane = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      let result = await runFile(file, kind);
      if (kind === "browser" && result.hung) {
        // A browser that stops answering says nothing about the pages; one that does so twice does.
        console.log(
          `  again  ${relative(root, file)}: a browser stopped answering\n${result.failures.join("\n").replace(/^/gm, "    | ")}`,
        );
        result = await runFile(file, kind);
      }
      results.push(result);
    }
  };
  await Promise.all(Array.from({ length: kind === "browser" ? 1 : parallel }, lane));
  const sum = (pick: (result: FileResult) => number) => results.reduce((all, result) => all + pick(result), 0);
  const output = results.flatMap((result) => result.failures).join("\n\n");
  writeFileSync(join(logFolder, `${kind}.log`), output);
  const skipped = sum((result) => result.skipped);
  const title = `${kind} tests (${files.length} files${skipped === 0 ? "" : `, ${skipped} skipped`})`;
  report(title, { passed: sum((result) => result.passed), failed: sum((result) => result.failed) }, since, output);
}

/** Starts the servers that integration tests share, and names them in the environment. @returns what stops them. */
async function startServers(): Promise<() => Promise<void>> {
  const { startPostgresCluster } = await import("../packages/testkit/src/postgres-cluster.ts");
  const { findTemporal } = await import("../packages/launcher/src/temporal/binary.ts");
  const { startTestTemporal } = await import("../packages/testkit/src/temporal.ts");
  const since = performance.now();
  try {
    const [postgres, temporal] = await Promise.all([
      startPostgresCluster(),
      findTemporal(toolchain).then(({ path }) => {
        process.env.TEMPORAL_CLI = path;
        return startTestTemporal({ own: true });
      }),
    ]);
    process.env.SALVAGE_TEST_POSTGRES = postgres.adminUrl;
    process.env.SALVAGE_TEST_TEMPORAL = temporal.address;
    report("PostgreSQL and Temporal for tests", { passed: 1, failed: 0 }, since, "");
    return async () => {
      await Promise.allSettled([temporal.stop(), postgres.stop()]);
    };
  } catch (error) {
    report("PostgreSQL and Temporal for tests", { passed: 0, failed: 1 }, since, error instanceof Error ? error.message : String(error));
    return async () => undefined;
  }
}

function chosenSteps(args: readonly string[]): Set<StepName> {
  const at = args.indexOf("--only");
  if (at < 0) return new Set(stepNames);
  const names = (args[at + 1] ?? "").split(",").flatMap((name) => (name === "check" ? ["format", "types", "deps"] : [name]));
  const unknown = names.filter((name) => !stepNames.some((step) => step === name));
  if (unknown.length > 0) {
    console.error(`Unknown step ${unknown.join(", ")}: choose from ${stepNames.join(", ")}, check.`);
    process.exit(2);
  }
  return new Set(stepNames.filter((step) => names.includes(step)));
}

async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const steps = chosenSteps(args);
  const long = args.includes("--long");
  mkdirSync(logFolder, { recursive: true });
  process.env.PATH = [join(toolchain, "bin"), join(root, "node_modules/.bin"), process.env.PATH].join(delimiter);
  process.env.NODE_NO_WARNINGS = "1";
  process.env.NEXT_TELEMETRY_DISABLED = "1";
  // A test must not find an operator's settings, least of all their database.
  for (const name of Object.keys(process.env))
    if (/^(DATABASE_|SALVAGE_|TEMPORAL_ADDRESS|PUBLIC_URL|PORT$|NODE_TEST_CONTEXT)/.test(name)) delete process.env[name];

  const version = (JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string }).version;
  console.log(`Salvage ${version}, Node ${process.version}; logs in ${relative(process.cwd(), logFolder) || "."}`);
  if (steps.has("format")) await format();
  if (steps.has("deps")) await deps();
  if (steps.has("types")) await types();
  if (steps.has("build") || (steps.has("integration") && !existsSync(join(root, "apps/web/.next/BUILD_ID")))) await build();
  if (steps.has("unit") || steps.has("integration") || steps.has("browser")) {
    const stopServers = await startServers();
    try {
      if (steps.has("unit")) await tests("unit", long);
      if (steps.has("integration")) await tests("integration", long);
      if (steps.has("browser")) await tests("browser", long);
    } finally {
      await stopServers();
    }
  }
  console.log(`${total.passed} passed, ${total.failed} failed`);
  process.exit(total.failed > 0 ? 1 : 0);
}

await main();
