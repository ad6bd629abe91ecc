/** Fields and tags that the sender added, scrubbed on arrival. */
import type { CrashDetail } from "@salvage/contracts";
import { CopyButton } from "#web/ui/copy.tsx";

export function shownValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

export function ExtraData({ crash }: { crash: CrashDetail }) {
  const rows: [string, string][] = [
    ...(crash.user === null ? [] : [["user", crash.user] as [string, string]]),
    ...(crash.dist === null ? [] : [["dist", crash.dist] as [string, string]]),
    ...Object.entries(crash.tags).map(([name, value]): [string, string] => [`tag ${name}`, value]),
    ...Object.entries(crash.extra).map(([name, value]): [string, string] => [name, shownValue(value)]),
    ...crash.intakeNotes.map((note, i): [string, string] => [`note ${i + 1} on arrival`, note]),
  ];
  if (rows.length === 0) {
    return (
      <p className="px-4 py-3 text-ink-3">
        The sender added nothing. Any extra form field posted beside the minidump appears here, e.g. <code>curl -F build=nightly</code>.
      </p>
    );
  }
  return (
    <dl className="divide-y divide-line">
      {rows.map(([name, value]) => (
        <div key={name} className="grid gap-x-4 px-4 py-1.5 sm:grid-cols-[12rem_minmax(0,1fr)] sm:items-start">
          <dt className="truncate text-sm text-ink-3" title={name}>
            {name}
          </dt>
          <dd className="flex min-w-0 items-start justify-between gap-2 font-mono text-sm">
            <span className="min-w-0 [overflow-wrap:anywhere] whitespace-pre-wrap">{value}</span>
            <CopyButton text={value} what={name} className="hidden sm:inline-flex" />
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function extraCount(crash: CrashDetail): number {
  const named = [crash.user, crash.dist].filter((value) => value !== null).length;
  return Object.keys(crash.tags).length + Object.keys(crash.extra).length + named + crash.intakeNotes.length;
}
