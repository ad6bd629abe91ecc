"use client";
/** Ignores and un-ignores missing files, and says what it did. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { toast } from "sonner";
import { explain } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";

export function useIgnore() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const refresh = () =>
    Promise.all([
      queryClient.invalidateQueries(trpc.missingFiles.pathFilter()),
      queryClient.invalidateQueries(trpc.ignoreRules.pathFilter()),
      queryClient.invalidateQueries(trpc.crashes.pathFilter()),
    ]);
  const onError = (error: unknown) => void toast.error(explain(error));
  const ignore = useMutation(
    trpc.missingFiles.ignore.mutationOptions({
      onSuccess: () => {
        toast.success("Ignored. Crashes no longer wait for it.");
        return refresh();
      },
      onError,
    }),
  );
  const unignore = useMutation(
    trpc.missingFiles.unignore.mutationOptions({
      onSuccess: () => {
        toast.success("Wanted again");
        return refresh();
      },
      onError,
    }),
  );
  const deleteRule = useMutation(
    trpc.ignoreRules.delete.mutationOptions({
      onSuccess: () => {
        toast.success("Rule deleted; what it hid is wanted again");
        return refresh();
      },
      onError,
    }),
  );
  return { ignore, unignore, deleteRule };
}
