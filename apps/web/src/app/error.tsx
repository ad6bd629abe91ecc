"use client";
/** A page that failed. The digest finds it in the server's log. */
import { BackHomeLink, SimpleFrame } from "#web/features/shell/index.ts";
import { Button } from "#web/ui/button.tsx";

export default function PageError({ error, reset }: { error: Error & { digest?: string }; reset(): void }) {
  return (
    <SimpleFrame title="This page could not be shown" description="Try again. If it stays like this, the server's log says why.">
      <div className="flex flex-wrap gap-2">
        <Button onClick={reset}>Try again</Button>
        <BackHomeLink />
      </div>
      {error.digest === undefined ? null : (
        <p className="mt-4 text-sm text-ink-3">
          Mark in the log: <code>{error.digest}</code>
        </p>
      )}
    </SimpleFrame>
  );
}
