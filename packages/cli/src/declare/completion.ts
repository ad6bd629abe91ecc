/** `salvage completion`: what a shell needs to complete commands and options, made from the same declarations as the help. */
import { Argument, type Command } from "commander";
import { type CommandWords, completionScript, type Shell, shells } from "../completion.ts";
import { example } from "./shared.ts";

export function declareCompletion(program: Command): void {
  example(
    program
      .command("completion")
      .description("Print a completion script for a shell.")
      .addArgument(new Argument("<shell>", "which shell").choices(shells))
      .action((shell: Shell) => {
        process.stdout.write(completionScript(shell, wordsOf(program)));
      }),
    "salvage completion bash > /etc/bash_completion.d/salvage",
    "salvage completion zsh > ~/.zfunc/_salvage",
    "salvage completion fish > ~/.config/fish/completions/salvage.fish",
  );
}

/** Commands, options and their choices, as the declarations have them. */
function wordsOf(command: Command): CommandWords {
  return {
    name: command.name(),
    description: command.description(),
    commands: command.commands.map(wordsOf),
    options: command.options.flatMap(({ long, description, argChoices, required, optional }) =>
      long === null || long === undefined ? [] : [{ name: long, description, takesValue: required || optional, choices: argChoices ?? [] }],
    ),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
}
