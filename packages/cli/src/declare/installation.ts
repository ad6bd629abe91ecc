/** Care of the installation on this machine: these need the clone that it runs from, and are no part of the npm package. */
import type { Command } from "commander";
import { example } from "./shared.ts";

export function declareInstallation(program: Command): void {
  const user = program.command("user").description("Accounts of the installation on this machine.");
  example(
    user
      .command("reset-password")
      .description("Give an account a new password, print it, and end its sessions.")
      .argument("<email>", "the account's address")
      .action(async (email: string) => {
        const { resetPassword } = await import("../commands/user.ts");
        await resetPassword(email);
      }),
    "./salvage user reset-password ada@example.org",
  );

  const organization = program.command("organization").description("Organizations of the installation on this machine.");
  example(
    organization
      .command("quota")
      .description("Show what an organization stores and may store; with a size, set its quota.")
      .argument("<slug>", "the organization's short name")
      .argument("[size]", "for example 500M or 20G; none takes the quota away")
      .action(async (slug: string, size: string | undefined) => {
        const { quota } = await import("../commands/organization.ts");
        await quota(slug, size);
      }),
    "./salvage organization quota acme 20G",
  );

  const db = program.command("db").description("The database of an installation.");
  example(
    db
      .command("setup")
      .description(
        "Make the three roles and the database on the server that DATABASE_URL (a superuser's address) names, and apply the migrations.",
      )
      .option("--print", "print the SQL for the roles and the database instead, to be run by an administrator")
      .action(async (options: { print?: boolean }) => {
        const { setup } = await import("../commands/db.ts");
        await setup(options.print === true);
      }),
    "DATABASE_URL=postgresql://postgres@db/postgres ./salvage db setup",
  );
}
