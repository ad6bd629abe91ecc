"use client";
/** What one may do with a crash: process again, download the dump, delete. Each says why when it may not be done. */
import type { CrashDetail } from "@salvage/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Download, Ellipsis, RefreshCw, Trash2 } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { toast } from "sonner";
import { explain, paths, useDisabledReason, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button, IconButton } from "#web/ui/button.tsx";
import { copyText } from "#web/ui/clipboard.ts";
import { ConfirmDialog } from "#web/ui/dialog.tsx";
import { Menu, MenuItem } from "#web/ui/menu.tsx";
import { useDownload } from "./use-download.ts";

export function CrashActions({ crash }: { crash: CrashDetail }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const router = useRouter();
  const queryClient = useQueryClient();
  const [asking, setAsking] = useState(false);
  const mayWrite = useDisabledReason("crash:write");
  const mayDelete = useDisabledReason("crash:delete");
  const mayDownload = useDisabledReason("dump:download");
  const input = { orgSlug, crashId: crash.id };
  const busyNow = crash.state === "received" || crash.state === "processing";

  const again = useMutation(
    trpc.crashes.processAgain.mutationOptions({
      onSuccess: () => {
        toast.success("Processing again. The page updates itself.");
        return queryClient.invalidateQueries(trpc.crashes.byId.queryFilter(input));
      },
      onError: (error) => toast.error(explain(error)),
    }),
  );
  const remove = useMutation(
    trpc.crashes.delete.mutationOptions({
      onSuccess: () => {
        toast.success("Crash deleted");
        router.push(paths.crashes(orgSlug, crash.projectSlug));
        router.refresh();
      },
      onError: (error) => toast.error(explain(error)),
    }),
  );
  const download = useDownload(crash.id);

  const noDump = crash.dump.state === "deleted" ? "The minidump has been deleted" : null;
  return (
    <>
      <Button
        busy={again.isPending}
        disabledReason={mayWrite ?? (busyNow ? "It is being processed now" : crash.hasReport ? null : noDump)}
        onClick={() => again.mutate(input)}
      >
        {again.isPending ? null : <RefreshCw aria-hidden />} Process again
      </Button>
      <Button busy={download.isPending} disabledReason={mayDownload ?? noDump} onClick={() => download.mutate(null)}>
        {download.isPending ? null : <Download aria-hidden />} Download dump
      </Button>
      <Menu
        align="end"
        label="More actions"
        trigger={
          <IconButton label="More actions" className="h-8 w-8">
            <Ellipsis aria-hidden />
          </IconButton>
        }
      >
        <MenuItem onSelect={() => void copyText(window.location.href).then(() => toast.success("Link copied"))}>Copy link</MenuItem>
        <MenuItem onSelect={() => void copyText(crash.id).then(() => toast.success("Crash id copied"))}>Copy crash id</MenuItem>
        <MenuItem danger disabled={mayDelete !== null} title={mayDelete ?? undefined} onSelect={() => setAsking(true)}>
          <Trash2 aria-hidden className="text-inherit!" /> Delete this crash
        </MenuItem>
      </Menu>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title="Delete this crash?"
        description="Its report, its extra data and the minidump, if still held, are erased. This cannot be undone."
        action="Delete crash"
        onConfirm={() => remove.mutateAsync(input)}
      />
    </>
  );
}
