"use client";
/** The snippets as tabs. */
import { CodeBlock } from "#web/ui/copy.tsx";
import { Tabs } from "#web/ui/tabs.tsx";
import type { ClientUrls } from "./client-urls.ts";
import { snippetsFor } from "./snippet-text.ts";

export function Snippets({ urls }: { urls: ClientUrls }) {
  return (
    <Tabs
      label="Crash reporters"
      tabs={snippetsFor(urls).map((snippet) => ({
        value: snippet.id,
        label: snippet.title,
        content: (
          <div className="space-y-2">
            <p className="text-sm text-ink-2">{snippet.note}</p>
            {snippet.blocks.map((block) => (
              <CodeBlock key={block.what} code={block.code} what={block.what} />
            ))}
          </div>
        ),
      }))}
    />
  );
}
