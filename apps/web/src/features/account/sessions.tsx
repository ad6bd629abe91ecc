"use client";
/** Where one is signed in; each session can be ended. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { toast } from "sonner";
import { explain } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Badge } from "#web/ui/badge.tsx";
import { Button } from "#web/ui/button.tsx";
import { Panel, Skeleton } from "#web/ui/page.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { browserName } from "./browser-name.ts";

export function Sessions() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const sessions = useQuery(trpc.account.sessions.queryOptions());
  const revoke = useMutation(
    trpc.account.revokeSession.mutationOptions({
      onSuccess: () => {
        toast.success("Signed out there");
        return queryClient.invalidateQueries(trpc.account.pathFilter());
      },
      onError: (error) => toast.error(explain(error)),
    }),
  );
  return (
    <Panel title="Signed in on" bodyClass="p-0">
      {sessions.data === undefined ? (
        <Skeleton className="m-4 w-1/2" />
      ) : (
        <ul className="divide-y divide-line">
          {sessions.data.map((session) => (
            <li key={session.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2">
              <span className="font-medium">{browserName(session.userAgent)}</span>
              {session.current ? <Badge tone="accent">this one</Badge> : null}
              <span className="text-sm text-ink-3">
                since <RelativeTime at={session.createdAt} /> · seen <RelativeTime at={session.lastSeenAt} />
              </span>
              {session.current ? null : (
                <Button size="sm" className="ml-auto" busy={revoke.isPending} onClick={() => revoke.mutate({ sessionId: session.id })}>
                  Sign out
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
