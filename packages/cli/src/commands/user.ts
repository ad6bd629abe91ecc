/** `salvage user`: the way back in for somebody who lost the password of an account. */
import { resetPassword as reset } from "@salvage/db/setup";
import { makePassword } from "@salvage/launcher/installation";
import { CliError } from "../cli-error.ts";
import { withRunningDatabase } from "../running-database.ts";

/** Sets a generated password, prints it, and ends the account's sessions. The database must be running. */
export async function resetPassword(email: string): Promise<void> {
  const password = makePassword();
  const found = await withRunningDatabase((databases) => reset(databases, email, password));
  if (!found) throw new CliError(`there is no account with the address ${email}.`);
  process.stderr.write(`New password of ${email} (its sessions have ended):\n`);
  process.stdout.write(`${password}\n`);
}
