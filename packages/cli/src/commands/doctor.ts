/** `salvage doctor`: what is wrong with the installation on this machine, why it matters, and what to do. Changes nothing. */
import { installationDatabases, lookAtInstallation } from "@salvage/launcher/installation";
import { CliError } from "../cli-error.ts";
import { type Finding, findingText, problem, reasonOf } from "../doctor/finding.ts";
import { lookAtMachine } from "../doctor/machine.ts";
import { lookAtServices } from "../doctor/services.ts";

/** Exit code 0: all is well; 1: something is not; 2: there is nothing to look at. */
export async function doctor({ json }: { json: boolean }): Promise<void> {
  const look = lookAtInstallation();
  if (look === null)
    throw new CliError("there is no installation in SALVAGE_HOME: set it to the folder that npm start names in its first line.", 2);
  const findings: Finding[] = await lookAtMachine(look);
  try {
    findings.push(...(await lookAtServices(look, installationDatabases())));
  } catch (error) {
    findings.push(problem("home", reasonOf(error), "The database's addresses come from there.", "put back what is missing from a backup"));
  }
  const order = ["problem", "warning", "fine"];
  findings.sort((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  process.stdout.write(json ? `${JSON.stringify({ findings })}\n` : findings.map(findingText).join(""));
  if (findings.some(({ level }) => level !== "fine")) process.exitCode = 1;
}
