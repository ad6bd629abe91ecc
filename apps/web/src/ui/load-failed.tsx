/** In the place of what could not be loaded: what, why, and a way to try again. */
import { CircleAlert } from "lucide-react";
import { Button } from "./button.tsx";
import { Notice } from "./page.tsx";

/** @param what as a sentence begins: "The crashes" */
export function LoadFailed({ what, why, onRetry }: { what: string; why: string; onRetry?: () => void }) {
  return (
    <Notice
      tone="bad"
      icon={CircleAlert}
      title={`${what} could not be loaded`}
      actions={onRetry === undefined ? undefined : <Button onClick={onRetry}>Try again</Button>}
    >
      {why}
    </Notice>
  );
}
