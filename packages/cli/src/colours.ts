/** Whether output is coloured: as `--color` says, else on a terminal, unless NO_COLOR is set (no-color.org) or the terminal is a dumb one. */
export type ColourChoice = "auto" | "always" | "never";

export const COLOUR_CHOICES: readonly ColourChoice[] = ["auto", "always", "never"];

export function wantsColours(choice: ColourChoice, isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  if (choice !== "auto") return choice === "always";
  return isTerminal && !env.NO_COLOR && env.TERM !== "dumb";
}
