/**
 * Runs a Dockerfile's steps without Docker: each stage is a folder, WORKDIR a folder in it, RUN a shell there. Of the base images nothing is taken:
 * the node and npm of this machine stand in for theirs.
 */
import { execFile } from "node:child_process";
import { chmod, cp, mkdir, readFile } from "node:fs/promises";
import { delimiter, join, relative } from "node:path";
import { promisify } from "node:util";
import { Copy, DockerfileParser } from "dockerfile-ast";

export type BuiltStage = {
  /** The folder that is the stage's root. */
  root: string;
  workdir: string;
  env: Record<string, string>;
  entrypoint: string[];
};

/**
 * @param context the folder that is built from; `<file>.dockerignore` says what of it is left out
 * @param into an empty folder, which gets a folder per stage
 * @returns the last stage
 */
export async function runDockerfile(file: string, context: string, into: string): Promise<BuiltStage> {
  const ignored = readIgnored(await readFile(`${file}.dockerignore`, "utf8"));
  const stages = new Map<string, BuiltStage>();
  let stage: BuiltStage | null = null;
  for (const instruction of DockerfileParser.parse(await readFile(file, "utf8")).getInstructions()) {
    const name = instruction.getInstruction();
    const words = instruction.getArguments().map((argument) => argument.getValue());
    if (name === "ARG") continue;
    if (name === "FROM") {
      const label = words[1]?.toLowerCase() === "as" ? (words[2] ?? "") : String(stages.size);
      stage = { root: join(into, label), workdir: join(into, label), env: {}, entrypoint: [] };
      await mkdir(stage.root, { recursive: true });
      await chmod(stage.root, 0o755);
      stages.set(label, stage);
      continue;
    }
    if (stage === null) throw new Error(`${name} before FROM`);
    if (name === "WORKDIR") {
      stage.workdir = join(stage.root, words[0] ?? "");
      await mkdir(stage.workdir, { recursive: true });
    } else if (name === "ENV") {
      for (const word of words) stage.env[word.slice(0, word.indexOf("="))] = word.slice(word.indexOf("=") + 1);
    } else if (name === "COPY") {
      const flags = instruction instanceof Copy ? instruction.getFlags() : [];
      const from = flags.find((flag) => flag.getName() === "from")?.getValue() ?? undefined;
      const places = words.filter((word) => !word.startsWith("--"));
      const to = join(stage.workdir, places.at(-1) ?? "");
      const base = from === undefined ? context : (stages.get(from)?.root ?? "");
      const filter = from === undefined ? (path: string) => !ignored(relative(context, path)) : () => true;
      for (const place of places.slice(0, -1)) {
        const target = place === "." || from !== undefined ? to : join(to, place);
        await cp(join(base, place), target, { recursive: true, verbatimSymlinks: true, filter });
      }
    } else if (name === "RUN") {
      const command = (instruction.getRawArgumentsContent() ?? "").replace(/\\\n/g, "");
      await run(command, stage.workdir, join(into, "npm"));
    } else if (name === "ENTRYPOINT") stage.entrypoint = JSON.parse(instruction.getRawArgumentsContent() ?? "[]");
    else if (!["USER", "VOLUME", "HEALTHCHECK", "CMD"].includes(name)) throw new Error(`${name} is not known here`);
  }
  if (stage === null) throw new Error("no stage");
  return stage;
}

/** How this machine reaches registries, as a build in Docker is told it: proxies, the certificates that it trusts, and pip's own settings. */
const network = /^(https?_proxy|no_proxy|node_extra_ca_certs|ssl_cert_file|pip_\w+)$/i;

async function run(command: string, cwd: string, npmPrefix: string): Promise<void> {
  // What the stage installs for all goes beside the stages.
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => network.test(name))),
    PATH: [join(npmPrefix, "bin"), process.env.PATH].join(delimiter),
    HOME: process.env.HOME ?? "",
    npm_config_prefix: npmPrefix,
    CI: "1",
  };
  await promisify(execFile)("/bin/sh", ["-c", command], { cwd, env, maxBuffer: 64 * 1024 * 1024 });
}

/** The patterns that are used here: names, `*` and a leading `**`. */
function readIgnored(text: string): (path: string) => boolean {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("#"));
  const patterns = lines.map((line) => {
    const source = line
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replace(/^\*\*\//, "(?:.*/)?")
      .replaceAll("*", (star, at, whole) => (whole.slice(0, at).endsWith("(?:.") ? star : "[^/]*"));
    return new RegExp(`^${source}$`);
  });
  return (path) => patterns.some((pattern) => pattern.test(path));
}
