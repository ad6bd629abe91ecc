/** What the declarations of commands share: options that several have, values checked as they are read. */
import { type Command, InvalidArgumentError } from "commander";

/** For an option that may be repeated. */
export const collect = (value: string, before: string[]) => [...before, value];

/** A whole number from `min` to `max`. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max) throw new InvalidArgumentError(`It is a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** Where the server is, and who calls; each may come from the environment or from `salvage login`. */
export function withServer(command: Command): Command {
  return command
    .option("--url <url>", "address of the server (or SALVAGE_URL)")
    .option("--org <slug>", "organization (or SALVAGE_ORG; else the token's own)")
    .option("--token <token>", "API token (or SALVAGE_TOKEN)");
}

/** An example below the help, as it would be typed. */
export function example(command: Command, ...lines: string[]): Command {
  return command.addHelpText("after", `\nExample:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}
