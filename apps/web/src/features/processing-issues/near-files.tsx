"use client";
/** "Why not matched": the held files that are near a missing one, each with the reason why it is not the one. */
import { useQuery } from "@tanstack/react-query";
import Link from "next/link";
import { explain, paths, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Badge } from "#web/ui/badge.tsx";
import { CopyId } from "#web/ui/copy.tsx";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { Skeleton } from "#web/ui/page.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { type Waiting, type Wanted, whyNot } from "./why-not.ts";

/** @param waiting of one crash; left out, all crashes that wait count */
export function NearFiles({
  missingFileId,
  wanted,
  waiting,
}: {
  missingFileId: string;
  wanted: Wanted & { name: string };
  waiting?: Waiting;
}) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const near = useQuery(trpc.missingFiles.near.queryOptions({ orgSlug, missingFileId }));
  if (near.data === undefined) {
    return near.isError ? (
      <LoadFailed what="The files near it" why={explain(near.error)} onRetry={() => void near.refetch()} />
    ) : (
      <Skeleton className="w-64" />
    );
  }
  const { files } = near.data;
  if (files.length === 0) {
    return <p className="text-sm text-ink-2">Nothing near it is held: no file of this name or id has been uploaded.</p>;
  }
  return (
    <div>
      <h3 className="text-sm font-medium">Held, and why it is not the one</h3>
      <ul aria-label={`Held files near ${wanted.name}`} className="mt-1 space-y-1.5">
        {files.map((held) => {
          const { word, sentence } = whyNot(wanted, held, waiting ?? near.data);
          const id = held.debugId ?? held.codeId;
          return (
            <li key={held.id} className="flex min-w-0 flex-wrap items-center gap-x-2.5 gap-y-0.5 text-sm">
              <Badge tone={word === "Held" ? "good" : "warn"}>{word}</Badge>
              <Link
                href={`${paths.debugFiles(orgSlug)}?q=${encodeURIComponent(id ?? held.name)}`}
                className="max-w-64 truncate font-mono text-accent hover:underline"
              >
                {held.name}
              </Link>
              {id === null ? null : <CopyId text={id} what={`id of ${held.name}`} className="max-w-full" />}
              <span className="text-ink-3">
                uploaded <RelativeTime at={held.uploadedAt} />
              </span>
              <span className="basis-full text-ink-2">{sentence}</span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
