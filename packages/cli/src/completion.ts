/**
 * Completion scripts for bash, zsh and fish. Each holds the whole table of commands, so that completing starts no program: subcommands and options by
 * the words typed so far, choices after an option that has some, files elsewhere.
 */

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

export type OptionWords = { name: string; description: string; takesValue: boolean; choices: readonly string[] };

export type CommandWords = {
  name: string;
  description: string;
  commands: readonly CommandWords[];
  options: readonly OptionWords[];
  /** Of its arguments; none where files are meant. */
  choices: readonly string[];
};

const help: OptionWords = { name: "--help", description: "Show help", takesValue: false, choices: [] };

export function completionScript(shell: Shell, program: CommandWords): string {
  const script = { bash, zsh, fish }[shell];
  return script(program);
}

/** "crashes list" → its words, for every command; "" is the program itself. */
function flatten(command: CommandWords, path: readonly string[] = []): [string, CommandWords][] {
  return [[path.join(" "), command], ...command.commands.flatMap((inner) => flatten(inner, [...path, inner.name]))];
}

const single = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function bash(program: CommandWords): string {
  const commands = flatten(program);
  const byPath = commands.map(([path, { commands: inner, options, choices }]) => {
    const words = [...inner.map(({ name }) => name), ...choices, ...[...options, help].map(({ name }) => name)];
    return `    ${single(path)}) words=${single(words.join(" "))} ;;`;
  });
  const values = new Map(commands.flatMap(([, { options }]) => options.filter(({ takesValue }) => takesValue).map((o) => [o.name, o])));
  const byOption = [...values.values()].map(({ name, choices }) =>
    choices.length > 0
      ? `    ${name}) COMPREPLY=($(compgen -W ${single(choices.join(" "))} -- "$current")); return ;;`
      : `    ${name}) COMPREPLY=($(compgen -f -- "$current")); return ;;`,
  );
  const paths = commands.map(([path]) => path).filter((path) => path !== "");
  return `# bash completion for salvage
_salvage() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" words="" word
  COMPREPLY=()
  case "$previous" in
${byOption.join("\n")}
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${paths.map(single).join("|")}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path" in
${byPath.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [[ $current != -* && -n $path ]]; then COMPREPLY+=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _salvage salvage
`;
}

function zsh(program: CommandWords): string {
  const described = (name: string, description: string) => single(`${name.replaceAll(":", "\\:")}:${description.replaceAll(":", "\\:")}`);
  const functions = flatten(program).map(([path, { commands, options, choices }]) => {
    const specs = [...options, help].map(({ name, description, takesValue, choices: some }) => {
      const text = description.replaceAll(/[[\]:]/g, " ");
      const value = !takesValue ? "" : some.length > 0 ? `:value:(${some.join(" ")})` : ":value:_files";
      return single(`*${name}[${text}]${value}`);
    });
    const name = `_salvage${path === "" ? "" : `_${path.replaceAll(/[ -]/g, "_")}`}`;
    if (commands.length === 0) {
      const rest = choices.length > 0 ? single(`*:choice:(${choices.join(" ")})`) : single("*:file:_files");
      return `${name}() {\n  _arguments ${[...specs, rest].join(" \\\n    ")}\n}`;
    }
    const table = commands.map((inner) => `    ${described(inner.name, inner.description)}`).join("\n");
    const cases = commands.map((inner) => `        ${inner.name}) ${name}_${inner.name.replaceAll("-", "_")} ;;`).join("\n");
    return `${name}() {
  local line state
  local -a commands=(
${table}
  )
  _arguments -C ${specs.join(" \\\n    ")} '1: :->command' '*:: :->rest'
  case $state in
    command) _describe command commands ;;
    rest)
      case $line[1] in
${cases}
      esac ;;
  esac
}`;
  });
  // Loaded by name the file is the function; sourced, it declares it.
  const entry = 'if [[ $funcstack[1] == _salvage ]]; then _salvage "$@"; else compdef _salvage salvage; fi';
  return `#compdef salvage\n${functions.toReversed().join("\n\n")}\n\n${entry}\n`;
}

function fish(program: CommandWords): string {
  const lines = ["# fish completion for salvage", "complete -c salvage -f"];
  for (const [path, { commands, options, choices }] of flatten(program)) {
    const typed = path === "" ? [] : path.split(" ");
    // Inside a command that has commands, none of these may be typed yet.
    const seen = typed.map((word) => `__fish_seen_subcommand_from ${word}`);
    const open = commands.length > 0 ? [`not __fish_seen_subcommand_from ${commands.map(({ name }) => name).join(" ")}`] : [];
    const condition = [...seen, ...open].join("; and ");
    const line = (rest: string) => lines.push(`complete -c salvage${condition === "" ? "" : ` -n ${single(condition)}`} ${rest}`);
    for (const inner of commands) line(`-a ${inner.name} -d ${single(inner.description)}`);
    if (commands.length === 0) line(choices.length > 0 ? `-a ${single(choices.join(" "))}` : "-F");
    for (const { name, description, takesValue, choices: some } of [...options, help]) {
      const value = !takesValue ? "" : some.length > 0 ? ` -x -a ${single(some.join(" "))}` : " -r -F";
      line(`-l ${name.slice(2)} -d ${single(description)}${value}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
