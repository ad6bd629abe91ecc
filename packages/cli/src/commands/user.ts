/** `salvage user`: the way back in for somebody who lost the password of an account. */
import { resetPassword as reset } from "@salvage/db/setup";
import { installationDatabases, makePassword } from "@salvage/launcher/installation";
import { CliError } from "../cli-error.ts";

/** Sets a generated password, prints it, and ends the account's sessions. The database must be running. */
export async function resetPassword(email: string): Promise<void> {
  const password = makePassword();
  const found = await reset(installationDatabases(), email, password).catch((error: unknown) => {
    const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
    if (code === "ECONNREFUSED") throw new CliError("the database does not run: start Salvage first (npm start), then run this beside it.");
    throw error;
  });
  if (!found) throw new CliError(`there is no account with the address ${email}.`);
  process.stderr.write(`New password of ${email} (its sessions have ended):\n`);
  process.stdout.write(`${password}\n`);
}
