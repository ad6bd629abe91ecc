/** `salvage user`: the first account of an installation that `npm start` did not make, and the way back in for somebody who lost a password. */
import { email as emailInput, slug } from "@salvage/contracts";
import { resetPassword as reset, seed } from "@salvage/db/setup";
import { makePassword } from "@salvage/launcher/installation";
import { CliError } from "../cli-error.ts";
import { withSystemRole } from "../running-database.ts";

/** Sets a generated password, prints it, and ends the account's sessions. The database must be running. */
export async function resetPassword(email: string): Promise<void> {
  const password = makePassword();
  const found = await withSystemRole((databases) => reset(databases, email, password));
  if (!found) throw new CliError(`there is no account with the address ${email}.`);
  process.stderr.write(`New password of ${email} (its sessions have ended):\n`);
  process.stdout.write(`${password}\n`);
}

/** Makes the first account, its organization and a project, and prints what is shown only once. The database must be running. */
export async function createFirst(email: string, names: { organization: string; project: string }): Promise<void> {
  for (const name of Object.values(names))
    if (!slug.safeParse(name).success) throw new CliError(`"${name}" is no short name: 2 to 40 of a to z, 0 to 9 and hyphens.`, 2);
  const address = emailInput.safeParse(email);
  if (!address.success) throw new CliError(`"${email}" is no e-mail address.`, 2);
  const password = makePassword();
  const made = await withSystemRole((databases) =>
    seed(databases, {
      owner: { email: address.data, name: address.data.split("@", 1)[0] ?? address.data, password },
      organization: { name: names.organization, slug: names.organization },
      project: { name: names.project, slug: names.project },
    }),
  );
  if (made === null) throw new CliError("there are accounts already: somebody of an organization invites further people.");
  process.stderr.write(`${address.data} owns the organization ${names.organization}. Shown this once:\n`);
  process.stdout.write(
    `password      ${password}\nAPI token     ${made.token}\nminidump path /api/${made.projectId}/minidump/?sentry_key=${made.publicKey}\n`,
  );
}
