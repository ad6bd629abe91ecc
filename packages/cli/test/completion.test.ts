/** Completion scripts: bash runs its own; all three know every command and option that the help shows. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { run, salvage } from "./salvage.ts";

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
  assert.deepEqual(await complete("crashes", ""), ["list", "show", "--help"].concat((await complete("crashes", "")).slice(3)));
  assert.deepEqual(await complete("upload", "build", "--wa"), ["--wait", "--wait-for"]);
  assert.deepEqual(await complete("missing", "list", "--filter", "re"), ["resolved"]);
  assert.deepEqual(
    await complete("report", "/etc/host"),
    (await complete("report", "/etc/host")).filter((file) => file.startsWith("/etc/host")),
  );
  assert.ok((await complete("report", "/etc/host")).includes("/etc/hosts"));
  assert.deepEqual(await complete("completion", "f"), ["fish"]);
});

for (const shell of ["bash", "zsh", "fish"]) {
  test(`${shell}: every command and option of the help is in it`, async () => {
    const { code, stdout: script } = await salvage(["completion", shell]);
    assert.equal(code, 0);
    const words = (text: string, form: RegExp) => [...text.matchAll(form)].map(([, word]) => word ?? "");
    const commands = words((await salvage(["--help"])).stdout, /^ {2}([a-z]+)/gm).filter((word) => word !== "help");
    assert.ok(commands.length > 12);
    for (const command of commands) {
      assert.match(script, new RegExp(`\\b${command}\\b`), command);
      const help = (await salvage([command, "--help"])).stdout;
      for (const option of words(help, /^ {2}(?:-\w, )?--([a-z-]+)/gm)) assert.match(script, new RegExp(`(--|-l )${option}\\b`), option);
    }
  });
}

test("a shell that is none is told so", async () => {
  const { code, stderr } = await salvage(["completion", "tcsh"]);
  assert.equal(code, 2);
  assert.match(stderr, /bash, zsh, fish/);
});
