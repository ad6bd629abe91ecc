/** Complete snippets per crash reporter, with this project's addresses filled in. Pure. */
import type { ClientUrls } from "./client-urls.ts";

export type Snippet = { id: string; title: string; note: string; blocks: { what: string; code: string }[] };

export function snippetsFor(urls: ClientUrls): Snippet[] {
  const { minidump, dsn, appCenterLogs, appSecret } = urls;
  return [
    {
      id: "curl",
      title: "curl",
      note: "The quickest try: any minidump you have. The answer is the crash id.",
      blocks: [
        {
          what: "curl command",
          code: `curl -F upload_file_minidump=@crash.dmp \\\n  -F 'sentry[release]=my-game@1.0.0' \\\n  '${minidump}'`,
        },
      ],
    },
    {
      id: "crashpad",
      title: "Crashpad",
      note: "Pass the address when the handler starts. Keep rate limiting off while you try it out.",
      blocks: [
        {
          what: "Crashpad start-up",
          code: [
            '#include "client/crashpad_client.h"',
            "",
            "crashpad::CrashpadClient client;",
            "std::map<std::string, std::string> annotations = {",
            '    {"sentry[release]", "my-game@1.0.0"},',
            '    {"format", "minidump"},',
            "};",
            "client.StartHandler(",
            "    handler_path, database_path, metrics_path,",
            `    "${minidump}",`,
            '    annotations, {"--no-rate-limit"},',
            "    /*restartable=*/true, /*asynchronous_start=*/false);",
          ].join("\n"),
        },
      ],
    },
    {
      id: "breakpad",
      title: "Breakpad",
      note: "Write the dump in the crash handler; send it at the next start of the program.",
      blocks: [
        {
          what: "Breakpad upload on Linux",
          code: [
            '#include "common/linux/http_upload.h"',
            "",
            'std::map<std::string, std::string> fields = {{"sentry[release]", "my-game@1.0.0"}};',
            'std::map<std::string, std::string> files = {{"upload_file_minidump", dump_path}};',
            "std::string answer, error;",
            "long status = 0;",
            "google_breakpad::HTTPUpload::SendRequest(",
            `    "${minidump}",`,
            '    fields, files, /*proxy=*/"", /*proxy_user_pwd=*/"", /*ca_certificate=*/"",',
            "    &answer, &status, &error);",
          ].join("\n"),
        },
        { what: "minidump_upload command", code: `minidump_upload -p my-game -v 1.0.0 crash.dmp '${minidump}'` },
      ],
    },
    {
      id: "electron",
      title: "Electron",
      note: "In the main process, before any window opens. Covers renderer and GPU processes too.",
      blocks: [
        {
          what: "Electron crash reporter",
          code: [
            'import { app, crashReporter } from "electron";',
            "",
            "crashReporter.start({",
            `  submitURL: "${minidump}",`,
            "  uploadToServer: true,",
            "  compress: true,",
            // biome-ignore lint/suspicious/noTemplateCurlyInString: the snippet's own template, not ours
            '  globalExtra: { "sentry[release]": `my-app@${app.getVersion()}` },',
            "});",
          ].join("\n"),
        },
        {
          what: "Electron with Sentry's SDK",
          code: ['import * as Sentry from "@sentry/electron/main";', "", `Sentry.init({ dsn: "${dsn}" });`].join("\n"),
        },
      ],
    },
    {
      id: "sentry-native",
      title: "sentry-native",
      note: "Any backend works: crashpad posts minidumps by itself, the others send them at the next start.",
      blocks: [
        {
          what: "sentry-native start-up",
          code: [
            "#include <sentry.h>",
            "",
            "sentry_options_t *options = sentry_options_new();",
            `sentry_options_set_dsn(options, "${dsn}");`,
            'sentry_options_set_release(options, "my-game@1.0.0");',
            'sentry_options_set_handler_path(options, "crashpad_handler");',
            'sentry_options_set_database_path(options, ".sentry-native");',
            "sentry_init(options);",
          ].join("\n"),
        },
      ],
    },
    {
      id: "app-center",
      title: "App Center",
      note: "Before the SDK starts, native crashes included. The app secret is the client key, written as a UUID.",
      blocks: [
        {
          what: "App Center start-up on Android",
          code: [`AppCenter.setLogUrl("${appCenterLogs}");`, `AppCenter.start(getApplication(), "${appSecret}", Crashes.class);`].join(
            "\n",
          ),
        },
      ],
    },
  ];
}
