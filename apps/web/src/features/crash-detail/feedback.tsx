/** What users of the crashed program wrote about it, in their words. */
import type { CrashDetail } from "@salvage/contracts";
import { RelativeTime } from "#web/ui/relative-time.tsx";

export function Feedback({ crash }: { crash: CrashDetail }) {
  return (
    <ul className="divide-y divide-line">
      {crash.feedback.map((feedback, i) => (
        <li key={i} className="space-y-1 px-4 py-3">
          <p className="max-w-3xl [overflow-wrap:anywhere] whitespace-pre-wrap">{feedback.comments ?? "No comment."}</p>
          <p className="text-sm text-ink-3">
            {[feedback.name, feedback.email].filter((word) => word !== null).join(", ") || "No name"} ·{" "}
            <RelativeTime at={feedback.receivedAt} />
          </p>
        </li>
      ))}
    </ul>
  );
}
