"use client";
/** Saves the minidump or an attachment: a link that works once is made, and followed. */
import { useMutation } from "@tanstack/react-query";
import { toast } from "sonner";
import { explain, useOrg } from "#web/features/workspace/index.ts";
import { useTRPCClient } from "#web/server/trpc-client.tsx";

/** `mutate` takes an attachment's id, or null for the minidump. */
export function useDownload(crashId: string) {
  const client = useTRPCClient();
  const { orgSlug } = useOrg();
  return useMutation({
    mutationFn: (attachmentId: string | null) =>
      client.crashes.dumpTicket.mutate({ orgSlug, crashId, ...(attachmentId === null ? {} : { attachmentId }) }),
    onSuccess: ({ url }) => window.location.assign(url),
    onError: (error) => toast.error(explain(error)),
  });
}
