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
const testTimeoutMs = { unit: 120_000, integration: 300_000, browser: 600_000 };

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
  await single("format and lint", "format", join(root, "node_modules/.bin/biome"), ["check", "--max-diagnostics=50", "."]);
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

/** Runs test files with node:test in processes of their own and counts single tests. */
async function tests(kind: Kind, long: boolean): Promise<void> {
  const files = testFiles(kind, long);
  if (files.length === 0) return;
  const since = performance.now();
  const failures: string[] = [];
  /** Per file: what it wrote, shown when something in it failed. */
  const written = new Map<string, string>();
  const failedFiles = new Set<string>();
  let count: Count = { passed: 0, failed: 0 };
  let skipped = 0;
  const stream = run({
    files,
    concurrency: kind === "browser" ? 1 : parallel,
    timeout: testTimeoutMs[kind],
    execArgv: ["--disable-warning=ExperimentalWarning"],
  });
  const note = (event: { file?: string | undefined; message: string }) => {
    const file = event.file ?? "";
    written.set(file, ((written.get(file) ?? "") + event.message).slice(-8_000));
  };
  stream.on("test:stdout", note);
  stream.on("test:stderr", note);
  stream.on("test:fail", (event) => {
    const file = event.file ?? "";
    failedFiles.add(file);
    const error = event.details.error as Error & { failureType?: string; cause?: unknown };
    // A suite fails because a test in it failed: that one is shown.
    if (error.failureType === "subtestsFailed") return;
    seen.failed++;
    const cause = error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause ?? error.message);
    failures.push(`✗ ${relative(root, file)}: ${event.name}\n${cause.replace(/^/gm, "    ")}`);
  });
  // Counted one by one as well: a runner that ends early sends no summary.
  const seen: Count = { passed: 0, failed: 0 };
  stream.on("test:pass", (event) => {
    if (event.details.type !== "suite") seen.passed++;
  });
  let summarised = false;
  stream.on("test:summary", (event) => {
    if (event.file !== undefined) return;
    summarised = true;
    const { passed, cancelled, tests: all, skipped: left, todo } = event.counts;
    skipped = left + todo;
    count = { passed, failed: all - passed - skipped };
    if (count.failed < cancelled) count.failed = cancelled;
  });
  stream.resume();
  await new Promise<void>((resolve, reject) => {
    stream.once("end", resolve).once("close", resolve).once("error", reject);
    // Nothing is left to wait for, and yet the stream has not ended.
    process.once("beforeExit", () => resolve());
  });
  if (!summarised) {
    count = { passed: seen.passed, failed: seen.failed + 1 };
    failures.push(
      `The test runner ended before it had told the result of every file: ${files.map((file) => relative(root, file)).join(", ")}`,
    );
  }
  for (const file of failedFiles) {
    const text = written.get(file)?.trim() ?? "";
    if (text !== "") failures.push(`Output of ${relative(root, file)} (its end):\n${text.replace(/^/gm, "    ")}`);
  }
  const output = failures.join("\n\n");
  writeFileSync(join(logFolder, `${kind}.log`), output);
  report(`${kind} tests (${files.length} files${skipped === 0 ? "" : `, ${skipped} skipped`})`, count, since, output);
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
