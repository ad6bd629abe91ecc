/** The binaries that are compared: the sources beside this file by several compilers, in every form of debug information that they write. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

const sources = ["main.cpp", "shapes.cpp"].map((name) => join(import.meta.dirname, "sources", name));
/** Answers name the sources alike wherever they lie. */
const sourcePrefix = `-ffile-prefix-map=${join(import.meta.dirname, "sources")}=/src`;
const plain = [
  sourcePrefix,
  "-fPIC",
  "-ffreestanding",
  "-nostdlib",
  "-fno-exceptions",
  "-fno-rtti",
  "-fno-stack-protector",
  "-Wno-pragma-once-outside-header",
];

export type Built = {
  /** The file with debug information. */
  path: string;
};

export type Variant = {
  name: string;
  /** Kept, with its answers, for the tests that run without these tools. */
  recorded?: true;
  /** Answers that are ours alone and right, with the proof. */
  standing?: { count: number; why: string };
  /** Null when a tool is missing. */
  build(folder: string): Built | null;
};

/** Runs a command in `folder`; false when it is not installed or fails. */
function run(folder: string, command: string, ...args: string[]): boolean {
  const done: SpawnSyncReturns<string> = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
  if (done.status !== 0 && done.error === undefined) console.log(`    ${command} ${args.join(" ")}: ${done.stderr.slice(0, 300)}`);
  return done.status === 0;
}

function compiled(command: string, ...options: string[]): (folder: string) => Built | null {
  return (folder) => {
    mkdirSync(folder, { recursive: true });
    return run(folder, command, ...plain, "-shared", "-Wl,--build-id", ...options, ...sources, "-o", "app")
      ? { path: join(folder, "app") }
      : null;
  };
}

/** A binary made from another one. */
function then(build: Variant["build"], ...steps: (string[] | ((folder: string) => boolean))[]): Variant["build"] {
  return (folder) => {
    const built = build(folder);
    if (built === null) return null;
    for (const step of steps) {
      if (!(Array.isArray(step) ? run(folder, step[0]!, ...step.slice(1)) : step(folder))) return null;
    }
    return built;
  };
}

const gcc = (...options: string[]) => compiled("g++", ...options);
const clang = (...options: string[]) => compiled("clang++-19", "-fuse-ld=lld-19", ...options);
const cross = (target: string, ...options: string[]) => clang(`--target=${target}`, ...options);

function objects(...options: string[]): Variant["build"] {
  return (folder) => {
    mkdirSync(folder, { recursive: true });
    const [command, ...rest] = options;
    // Sections of an object file overlap, so this source has code in one section alone.
    const source = join(import.meta.dirname, "sources", "object.cpp");
    return run(folder, command!, ...plain, ...rest, "-c", source, "-o", "app") ? { path: join(folder, "app") } : null;
  };
}

/** Split-off debug information, named `app.debug`; the answers are asked of that file. */
const splitOff: Variant["build"] = (folder) => {
  const built = then(gcc("-O2", "-g"), ["objcopy", "--only-keep-debug", "app", "app.debug"])(folder);
  return built === null ? null : { path: join(folder, "app.debug") };
};

const macho =
  (target: string, arch: string): Variant["build"] =>
  (folder) => {
    mkdirSync(folder, { recursive: true });
    const files = ["main", "shapes"];
    const made = files.every((name, i) =>
      run(folder, "clang++-19", `--target=${target}`, ...plain, "-O2", "-g", "-c", sources[i]!, "-o", `${name}.o`),
    );
    const link = ["-arch", arch, "-platform_version", "macos", "12.0", "12.0", "-dylib", "-undefined", "dynamic_lookup", "-o", "app"];
    const linked = made && run(folder, "ld64.lld-19", ...link, ...files.map((name) => `${name}.o`));
    if (!linked || !run(folder, "dsymutil-19", "app", "-o", "app.dSYM")) return null;
    return { path: join(folder, "app.dSYM", "Contents", "Resources", "DWARF", "app") };
  };

const mingw =
  (...options: string[]): Variant["build"] =>
  (folder) => {
    mkdirSync(folder, { recursive: true });
    const flags = [
      sourcePrefix,
      "-O2",
      "-g",
      "-ffreestanding",
      "-nostdlib",
      "-fno-exceptions",
      "-fno-rtti",
      "-shared",
      "-Wl,-e,0",
      ...options,
    ];
    return run(folder, "x86_64-w64-mingw32-g++", ...flags, ...sources, "-o", "app.dll") ? { path: join(folder, "app.dll") } : null;
  };

/** clang-cl's output through lld-link: a PDB beside the dll; the answers are asked of the dll. */
const coff =
  (target: string, machine: string): Variant["build"] =>
  (folder) => {
    mkdirSync(folder, { recursive: true });
    const flags = [
      `--target=${target}`,
      "-O2",
      "-g",
      "-gcodeview",
      "-ffreestanding",
      "-fno-builtin",
      "-fno-exceptions",
      "-fno-rtti",
      "-funwind-tables",
    ];
    const made = ["main", "shapes"].every((name, i) => run(folder, "clang++-19", ...flags, "-c", sources[i]!, "-o", `${name}.obj`));
    const link = [
      `-machine:${machine}`,
      "-nodefaultlib",
      "-noentry",
      "-dll",
      "-export:run",
      "-debug",
      "-force:unresolved",
      "-pdb:app.pdb",
      "-out:app.exe",
    ];
    return made && run(folder, "lld-link-19", ...link, "main.obj", "shapes.obj") ? { path: join(folder, "app.pdb") } : null;
  };

export const variants: readonly Variant[] = [
  { name: "gcc-O0-dwarf4", build: gcc("-O0", "-gdwarf-4") },
  { name: "gcc-O0-dwarf5", build: gcc("-O0", "-gdwarf-5") },
  { name: "gcc-O2-dwarf2", build: gcc("-O2", "-gdwarf-2") },
  { name: "gcc-O2-dwarf2-strict", recorded: true, build: gcc("-O2", "-gdwarf-2", "-gstrict-dwarf") },
  { name: "gcc-O2-dwarf3", build: gcc("-O2", "-gdwarf-3") },
  { name: "gcc-O2-dwarf4", recorded: true, build: gcc("-O2", "-gdwarf-4") },
  { name: "gcc-O2-dwarf5", recorded: true, build: gcc("-O2", "-gdwarf-5") },
  { name: "gcc-O3-sections", build: gcc("-O3", "-g", "-ffunction-sections") },
  { name: "gcc-O2-dwarf64", build: gcc("-O2", "-gdwarf-5", "-gdwarf64") },
  { name: "gcc-O2-types", build: gcc("-O2", "-g", "-fdebug-types-section") },
  { name: "gcc-O2-types-dwarf4", build: gcc("-O2", "-gdwarf-4", "-fdebug-types-section") },
  { name: "gcc-O2-g1", build: gcc("-O2", "-g1") },
  { name: "gcc-O2-lto", recorded: true, build: gcc("-O2", "-g", "-flto") },
  { name: "gcc-O2-zlib", build: gcc("-O2", "-g", "-gz=zlib") },
  { name: "gcc-O2-zlib-gnu", build: gcc("-O2", "-g", "-gz=zlib-gnu") },
  { name: "gcc-O2-split-dwarf4", build: gcc("-O2", "-gdwarf-4", "-gsplit-dwarf") },
  { name: "gcc-O2-split-dwarf5", build: gcc("-O2", "-gdwarf-5", "-gsplit-dwarf") },
  { name: "gcc-O2-m32", build: gcc("-O2", "-g", "-m32") },
  { name: "gcc-O2-debug-file", build: splitOff },
  { name: "gcc-O2-symbols-only", build: gcc("-O2") },
  { name: "gcc-O2-dwz", build: then(gcc("-O2", "-g"), ["dwz", "app"]) },
  {
    name: "gcc-O2-dwz-supplementary",
    standing: {
      count: 6,
      why: "llvm-symbolizer reads no supplementary file; addr2line gives a lambda inlined into cold code the name of the code",
    },
    build: then(
      gcc("-O2", "-g"),
      (folder) => {
        copyFileSync(join(folder, "app"), join(folder, "other"));
        return true;
      },
      ["dwz", "-m", "common.debug", "app", "other"],
    ),
  },
  { name: "gcc-object", build: objects("g++", "-O2", "-g") },
  { name: "gcc-aarch64-O2", build: compiled("aarch64-linux-gnu-g++", "-O2", "-g") },
  { name: "gcc-arm-O2-thumb", recorded: true, build: compiled("arm-linux-gnueabihf-g++", "-O2", "-g", "-mthumb") },
  { name: "gcc-arm-O2", build: compiled("arm-linux-gnueabihf-g++", "-O2", "-g", "-marm") },
  { name: "clang-O0-dwarf4", build: clang("-O0", "-gdwarf-4") },
  { name: "clang-O0-dwarf5", build: clang("-O0", "-gdwarf-5") },
  { name: "clang-O2-dwarf4", recorded: true, build: clang("-O2", "-gdwarf-4") },
  { name: "clang-O2-dwarf5", build: clang("-O2", "-gdwarf-5") },
  {
    name: "clang-O2-dwarf2-strict",
    standing: {
      count: 64,
      why: "llvm-symbolizer reads no unit that states no code; addr2line gives padding the name of the function before it",
    },
    build: clang("-O2", "-gdwarf-2", "-gstrict-dwarf"),
  },
  { name: "clang-O2-dwarf64", build: clang("-O2", "-gdwarf-5", "-gdwarf64") },
  { name: "clang-O2-lto", recorded: true, build: clang("-O2", "-g", "-flto") },
  { name: "clang-O2-lto-thin", build: clang("-O2", "-g", "-flto=thin") },
  { name: "clang-O2-zlib", recorded: true, build: clang("-O2", "-g", "-gz=zlib") },
  { name: "clang-O2-zstd", recorded: true, build: clang("-O2", "-g", "-Wl,--compress-debug-sections=zstd") },
  { name: "clang-O2-lines-only", recorded: true, build: clang("-O2", "-gline-tables-only") },
  { name: "clang-O2-g1", build: clang("-O2", "-g1") },
  { name: "clang-O2-types", build: clang("-O2", "-g", "-fdebug-types-section") },
  { name: "clang-O2-simple-names", build: clang("-O2", "-g", "-gsimple-template-names") },
  { name: "clang-O2-split-dwarf4", build: clang("-O2", "-gdwarf-4", "-gsplit-dwarf") },
  { name: "clang-O2-split-dwarf5", recorded: true, build: clang("-O2", "-gdwarf-5", "-gsplit-dwarf") },
  { name: "clang-O2-split-inlining", build: clang("-O2", "-g", "-gsplit-dwarf", "-fsplit-dwarf-inlining") },
  { name: "clang-O2-package", build: then(clang("-O2", "-g", "-gsplit-dwarf"), ["sh", "-c", "llvm-dwp-19 -e app -o app.dwp && rm *.dwo"]) },
  {
    name: "clang-O2-package-dwarf4",
    build: then(clang("-O2", "-gdwarf-4", "-gsplit-dwarf"), ["sh", "-c", "llvm-dwp-19 -e app -o app.dwp && rm *.dwo"]),
  },
  {
    name: "clang-O2-icf-gc",
    standing: { count: 1, why: "two functions were folded into one place: each tool chooses another" },
    build: clang("-O2", "-g", "-ffunction-sections", "-Wl,--gc-sections", "-Wl,--icf=all"),
  },
  { name: "clang-object", build: objects("clang++-19", "-O2", "-g") },
  { name: "clang-object-riscv64", build: objects("clang++-19", "--target=riscv64-linux-gnu", "-O2", "-g") },
  { name: "clang-object-split-in-itself", build: objects("clang++-19", "-O2", "-g", "-gsplit-dwarf=single") },
  { name: "clang-aarch64", build: cross("aarch64-linux-gnu", "-O2", "-g") },
  { name: "clang-armv7", build: cross("armv7a-linux-gnueabihf", "-O2", "-g") },
  { name: "clang-riscv64", build: cross("riscv64-linux-gnu", "-O2", "-g") },
  { name: "clang-mips64el", build: cross("mips64el-linux-gnu", "-O2", "-g") },
  { name: "clang-mips", build: cross("mips-linux-gnu", "-O2", "-g") },
  { name: "clang-ppc64le", build: cross("powerpc64le-linux-gnu", "-O2", "-g") },
  { name: "clang-ppc", build: cross("powerpc-linux-gnu", "-O2", "-g") },
  { name: "clang-i686", build: cross("i686-linux-gnu", "-O2", "-g") },
  { name: "clang-s390x", build: cross("s390x-linux-gnu", "-O2", "-g") },
  { name: "macho-x86_64", recorded: true, build: macho("x86_64-apple-macos12", "x86_64") },
  { name: "macho-arm64", build: macho("arm64-apple-macos12", "arm64") },
  { name: "mingw-x86_64", recorded: true, build: mingw() },
  { name: "pdb-x86_64", build: coff("x86_64-pc-windows-msvc", "x64") },
  { name: "pdb-x86", build: coff("i686-pc-windows-msvc", "x86") },
  { name: "pdb-arm64", build: coff("aarch64-pc-windows-msvc", "arm64") },
];
