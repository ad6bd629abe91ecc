/** Completion scripts: bash runs its own; all three know every command and option that the help shows. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";
import { run, salvage } from "./salvage.ts";

const folder = mkdtempSync(join(tmpdir(), "salvage-completion-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const bash = ["/bin/bash", "/usr/bin/bash"].find(existsSync);

test("bash completes commands, subcommands, options, choices and files", { skip: bash === undefined && "no bash here" }, async () => {
  const script = (await salvage(["completion", "bash"])).stdout;
  const complete = async (...words: string[]) => {
    const typed = words.map((word) => `'${word}'`).join(" ");
    const code = `${script}\nCOMP_WORDS=(salvage ${typed}); COMP_CWORD=${words.length}; _salvage; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { code: ended, stdout, stderr } = await run(bash ?? "", ["--norc", "-c", code]);
    assert.deepEqual([ended, stderr], [0, ""]);
    return stdout.split("\n").filter((word) => word !== "");
  };
  assert.deepEqual(await complete("up"), ["upload"]);
  assert.deepEqual((await complete("crashes", "")).slice(0, 3), ["list", "show", "--help"]);
  assert.deepEqual(await complete("upload", "build", "--wa"), ["--wait", "--wait-for"]);
  assert.deepEqual(await complete("missing", "list", "--filter", "re"), ["resolved"]);
  const files = await complete("report", "/etc/host");
  assert.ok(files.includes("/etc/hosts") && files.every((file) => file.startsWith("/etc/host")), files.join(" "));
  assert.deepEqual(await complete("completion", "fis"), ["fish"]);
});

test("every command and option of the help is in each script", async () => {
  const words = (text: string, form: RegExp) => [...text.matchAll(form)].map(([, word]) => word ?? "");
  const scripts = await Promise.all(["bash", "zsh", "fish"].map(async (shell) => (await salvage(["completion", shell])).stdout));
  const commands = words((await salvage(["--help"])).stdout, /^ {2}([a-z]+)/gm).filter((word) => word !== "help");
  assert.ok(commands.length > 12);
  for (const command of commands) {
    const options = words((await salvage([command, "--help"])).stdout, /^ {2}(?:-\w, )?--([a-z-]+)/gm);
    for (const script of scripts) {
      assert.match(script, new RegExp(`\\b${command}\\b`), command);
      for (const option of options) assert.match(script, new RegExp(`(--|-l )${option}\\b`), option);
    }
  }
});

for (const [shell, syntaxOnly] of [
  ["zsh", "-n"],
  ["fish", "--no-execute"],
] as const) {
  const program = (process.env.PATH ?? "")
    .split(delimiter)
    .map((folder) => join(folder, shell))
    .find(existsSync);
  test(`${shell} reads its script`, { skip: program === undefined && `no ${shell} here` }, async () => {
    const path = join(folder, shell);
    writeFileSync(path, (await salvage(["completion", shell])).stdout);
    assert.deepEqual(await run(program ?? "", [syntaxOnly, path]), { code: 0, stdout: "", stderr: "" });
  });
}

test("a shell that is none is told so", async () => {
  const { code, stderr } = await salvage(["completion", "tcsh"]);
  assert.equal(code, 2);
  assert.match(stderr, /bash, zsh, fish/);
});
