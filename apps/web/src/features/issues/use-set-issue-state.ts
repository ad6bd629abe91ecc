"use client";
/** Resolves, ignores and reopens issues, one or many, and says so. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { toast } from "sonner";
import { explain } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { plural } from "#web/ui/format.ts";

const done = { resolved: "resolved", ignored: "ignored", ongoing: "reopened" } as const;

export function useSetIssueState() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  return useMutation(
    trpc.issues.setState.mutationOptions({
      onSuccess: (_, input) => {
        toast.success(`${plural(input.issueIds.length, "issue")} ${done[input.state]}`);
        return queryClient.invalidateQueries(trpc.issues.pathFilter());
      },
      onError: (error) => toast.error(explain(error)),
    }),
  );
}
