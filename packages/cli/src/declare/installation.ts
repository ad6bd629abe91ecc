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

  example(
    user
      .command("create-first")
      .description("Make the first account, with an organization and a project: for installations that npm start did not set up.")
      .argument("<email>", "the account's address")
      .option("--organization <slug>", "short name of the organization", "main")
      .option("--project <slug>", "short name of the project", "app")
      .action(async (email: string, names: { organization: string; project: string }) => {
        const { createFirst } = await import("../commands/user.ts");
        await createFirst(email, names);
      }),
    "./salvage user create-first ada@example.org --organization acme --project game",
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

  const secret = program.command("secret").description("The secret that protects the dumps of the installation on this machine.");
  example(
    secret
      .command("rotate")
      .description("Change it, also while Salvage runs: new dumps are sealed under the new one, held dumps stay readable, sessions end.")
      .action(async () => {
        const { rotateSecret } = await import("../commands/secret.ts");
        rotateSecret();
      }),
    "./salvage secret rotate",
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
  example(
    db
      .command("migrate")
      .description(
        "Bring the database of DATABASE_OWNER_URL to this version. With DATABASE_ADMIN_URL (a superuser's) the roles and the database are made first, with the passwords in DATABASE_URL, DATABASE_SYSTEM_URL and DATABASE_OWNER_URL.",
      )
      .action(async () => {
        const { migrateDatabase } = await import("../commands/db.ts");
        await migrateDatabase();
      }),
    "DATABASE_OWNER_URL=postgresql://salvage_owner:…@db/salvage ./salvage db migrate",
  );

  example(
    program
      .command("serve")
      .description("Run one part of Salvage by itself, set up by the environment: for installations of several machines.")
      .argument("<part>", "ingest, web or worker")
      .action(async (part: string) => {
        const { serve } = await import("../commands/serve.ts");
        serve(part);
      }),
    "./salvage serve worker",
  );

  example(
    program
      .command("backup")
      .description("Copy all rows and blobs of the running installation into a new folder, as of one moment.")
      .argument("<folder>", "where the backup goes; must not exist")
      .option("--with-keys", "put secrets.json in: whoever has the folder can read held dumps then", false)
      .option("--json", "print the result as JSON", false)
      .action(async (folder: string, options: { withKeys: boolean; json: boolean }) => {
        const { backup } = await import("../commands/backup.ts");
        await backup(folder, options);
      }),
    "./salvage backup /backups/2026-11-22",
  );
  example(
    program
      .command("restore")
      .description(
        "Put a backup into an empty SALVAGE_HOME (with DATABASE_URL and BLOB_URL: into those, empty as well). Salvage must not run.",
      )
      .argument("<folder>", "a backup")
      .option("--keys <file>", "the secrets.json of the installation that was backed up")
      .option("--without-keys", "go on without it: held dumps cannot be read then", false)
      .option("--json", "print the result as JSON", false)
      .action(async (folder: string, options: { keys?: string; withoutKeys: boolean; json: boolean }) => {
        const { restore } = await import("../commands/restore.ts");
        await restore(folder, options);
      }),
    "SALVAGE_HOME=/srv/salvage ./salvage restore /backups/2026-11-22 --keys secrets.json",
  );

  example(
    program
      .command("doctor")
      .description("Look at the installation on this machine: what is wrong, why it matters, what to do. Changes nothing.")
      .option("--json", "print the findings as JSON", false)
      .action(async (options: { json: boolean }) => {
        const { doctor } = await import("../commands/doctor.ts");
        await doctor(options);
      }),
    "./salvage doctor",
  );
}
