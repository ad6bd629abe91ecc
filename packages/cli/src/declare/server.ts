/** Commands that speak with a server. */
import { type Command, Option } from "commander";
import type { ColourChoice } from "../colours.ts";
import type { CheckOptions } from "../commands/check.ts";
import type { CrashListOptions } from "../commands/crashes.ts";
import type { LoginOptions } from "../commands/login.ts";
import type { MissingIgnoreOptions, MissingListOptions } from "../commands/missing.ts";
import type { SendOptions } from "../commands/send.ts";
import type { UploadOptions } from "../commands/upload.ts";
import type { ServerOptions } from "../server/target.ts";
import { colourOption, colours } from "./local.ts";
import { collect, example, whole, withServer } from "./shared.ts";

export function declareServer(program: Command): void {
  declareLogin(program);
  declareDebugFiles(program);
  declareCrashes(program);
}

function declareLogin(program: Command): void {
  example(
    program
      .command("login")
      .description("Sign this machine in: approve a code in the browser, or give an API token. Kept for later calls.")
      .option("--url <url>", "address of the server (or SALVAGE_URL)")
      .option("--token <token>", "keep this API token instead of signing in")
      .option("--json", "a JSON object")
      .action(async (options: LoginOptions) => {
        const { login } = await import("../commands/login.ts");
        await login(options);
      }),
    "salvage login --url https://crashes.example.org",
  );
  example(
    program
      .command("logout")
      .description("End the login on the server and forget it here.")
      .option("--json", "a JSON object")
      .action(async (options: { json?: boolean }) => {
        const { logout } = await import("../commands/login.ts");
        await logout(options);
      }),
    "salvage logout",
  );
  example(
    withServer(
      program.command("whoami").description("Which server, organization and token the other commands would use, and what it may do."),
    )
      .option("--json", "a JSON object")
      .action(async (options: ServerOptions & { json?: boolean }) => {
        const { whoami } = await import("../commands/login.ts");
        await whoami(options);
      }),
    "salvage whoami",
  );
}

function declareDebugFiles(program: Command): void {
  example(
    withServer(
      program
        .command("upload")
        .description(
          "Upload debug files. Folders are walked, archives looked into; what is no debug file or is there already is passed over.",
        )
        .argument("<paths...>", "debug files, folders, archives"),
    )
      .option("--project <slug>", "project to note the upload under")
      .option("--wait", "until the crashes that waited for these files are upgraded, at most 5 minutes")
      .option("--wait-for <seconds>", "the same with a time of your own", whole(1, 86_400))
      .option("--parallel <n>", "files at once (default 4)", whole(1, 16))
      .option("--compress", "gzip on the way: for slow connections")
      .option("--json", "one JSON object per file, one a line")
      .action(async (paths: string[], options: UploadOptions) => {
        const { upload } = await import("../commands/upload.ts");
        await upload(paths, options);
      }),
    "salvage upload build/ --project game --wait",
  );
  example(
    withServer(
      program
        .command("check")
        .description(
          "Before a release: does the server have names and unwind data for every executable and library here? Exit code 1 when not.",
        )
        .argument("<paths...>", "build folders or binaries"),
    )
      .option("--ignore <pattern>", "pass over files of this name (* and ?; may be repeated)", collect, [])
      .option("--json", "one JSON object per binary, one a line")
      .action(async (paths: string[], options: CheckOptions) => {
        const { check } = await import("../commands/check.ts");
        await check(paths, options);
      }),
    "salvage check dist/ --ignore 'libvendor*'",
  );
  const missing = program.command("missing").description("Debug files that crashes of a project wait for.");
  example(
    withServer(missing.command("list").description("Which files are missing, most wanted first."))
      .requiredOption("--project <slug>", "project")
      .addOption(
        new Option("--filter <which>", "blocking: the team's own; other: of systems and vendors")
          .choices(["blocking", "other", "ignored", "resolved"])
          .default("blocking"),
      )
      .option("--json", "one JSON object per file, one a line")
      .action(async (options: MissingListOptions) => {
        const { listMissing } = await import("../commands/missing.ts");
        await listMissing(options);
      }),
    "salvage missing list --project game",
  );
  example(
    withServer(
      missing
        .command("ignore")
        .description("Let crashes not wait for files that will never come. A pattern or a release stays as a rule for later files.")
        .argument("[names...]", "names (* and ?), debug ids or ids of missing files"),
    )
      .requiredOption("--project <slug>", "project")
      .option("--pattern <pattern>", "all files of this name, now and later (* and ?)")
      .option("--release <version>", "all files that this release lacks, now and later")
      .option("--json", "a JSON object")
      .action(async (names: string[], options: MissingIgnoreOptions) => {
        const { ignoreMissing } = await import("../commands/missing.ts");
        await ignoreMissing(names, options);
      }),
    "salvage missing ignore 'nvoglv*.dll' --project game",
  );
}

function declareCrashes(program: Command): void {
  const crashes = program.command("crashes").description("Crashes that a server received.");
  example(
    withServer(crashes.command("list").description("A project's crashes, newest first."))
      .requiredOption("--project <slug>", "project")
      .addOption(new Option("--state <state>", "only these").choices(["received", "processing", "provisional", "complete", "rejected"]))
      .option("--issue <id>", "only of this issue")
      .option("--search <text>", "in signature, release, user and id")
      .option("--limit <n>", "at most so many", whole(1, 100_000), 50)
      .option("--json", "one JSON object per crash, one a line")
      .action(async (options: CrashListOptions) => {
        const { listCrashes } = await import("../commands/crashes.ts");
        await listCrashes(options);
      }),
    "salvage crashes list --project game --state provisional",
  );
  example(
    withServer(crashes.command("show").description("One crash with its newest report.").argument("<id>", "the crash's id"))
      .option("--json", "everything that the server says of it, as JSON")
      .addOption(colourOption())
      .action(async (id: string, options: ServerOptions & { json?: boolean; color: ColourChoice }) => {
        const { showCrash } = await import("../commands/crashes.ts");
        await showCrash(id, { ...options, colours: colours(options.color) });
      }),
    "salvage crashes show 0f8b7a52-6f0e-4c1c-9d51-6d3c0a1a2b3c",
  );
  example(
    program
      .command("send")
      .description("Post a minidump as a crash uploader does. Prints the crash's id.")
      .argument("<dump>", "minidump file")
      .option("--dsn <address>", "DSN or minidump URL of a client key (or SALVAGE_DSN)")
      .option("--field <name=value>", "form field beside the dump (may be repeated)", collect, [])
      .option("--attach <path>", "further file (may be repeated)", collect, [])
      .option("--json", "a JSON object")
      .action(async (dump: string, options: SendOptions) => {
        const { send } = await import("../commands/send.ts");
        await send(dump, options);
      }),
    "salvage send crash.dmp --dsn https://0123456789abcdef0123456789abcdef@crashes.example.org/1 --field 'sentry[release]=game@1.4'",
  );
}
