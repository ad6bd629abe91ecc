"use client";
/** Below the list: the same files as a symbol server, for the debuggers on people's own machines. */
import { paths, useMay, useOrg } from "#web/features/workspace/index.ts";
import { ButtonLink } from "#web/ui/button.tsx";
import { CodeBlock } from "#web/ui/copy.tsx";
import { Tabs } from "#web/ui/tabs.tsx";
import { debuggerSnippets } from "./debugger-snippets.ts";

export function Debuggers() {
  const { orgSlug, publicUrl } = useOrg();
  const mayMakeTokens = useMay("organization:admin");
  return (
    <section aria-label="Use them in a debugger" className="space-y-2.5 rounded-lg border border-line bg-surface px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <div className="min-w-0 flex-1 basis-72">
          <h2 className="font-semibold">Use them in a debugger</h2>
          <p className="text-sm text-ink-2">
            These files are a symbol server, too. A token with “List and download debug files” stands in the address: whoever has the
            address can read them.
          </p>
        </div>
        {mayMakeTokens ? (
          <ButtonLink size="sm" href={paths.tokens(orgSlug)}>
            Make a token
          </ButtonLink>
        ) : null}
      </div>
      <Tabs
        label="Debuggers"
        tabs={debuggerSnippets(publicUrl).map(({ value, label, note, code }) => ({
          value,
          label,
          content: (
            <div className="space-y-2">
              <p className="text-sm text-ink-2">{note}</p>
              <CodeBlock what={`setting for ${label}`} code={code} />
            </div>
          ),
        }))}
      />
    </section>
  );
}
