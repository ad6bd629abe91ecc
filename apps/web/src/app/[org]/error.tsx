"use client";
/** A page of the organization that failed; rail and top bar stay. */
import { CircleAlert } from "lucide-react";
import { Button } from "#web/ui/button.tsx";
import { EmptyState } from "#web/ui/page.tsx";

export default function OrgError({ error, reset }: { error: Error & { digest?: string }; reset(): void }) {
  return (
    <EmptyState icon={CircleAlert} title="This page could not be shown" actions={<Button onClick={reset}>Try again</Button>}>
      Your role may not allow it, or the server failed; its log says which.
      {error.digest === undefined ? null : (
        <>
          {" "}
          Mark in the log: <code>{error.digest}</code>
        </>
      )}
    </EmptyState>
  );
}
