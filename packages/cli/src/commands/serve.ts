/** `salvage serve`: one part of Salvage, as a container or a service manager starts it. */
import { becomeApp } from "@salvage/launcher/part";
import { CliError } from "../cli-error.ts";

const parts = ["ingest", "web", "worker"] as const;

export function serve(name: string): never {
  const part = parts.find((known) => known === name);
  if (part === undefined) throw new CliError(`there is no part "${name}": it is ${parts.join(", ")}.`, 2);
  return becomeApp(part);
}
