"use client";
/** Invites by link: a form, the link shown once, and the invitations that are open. */
import { type InvitationView, type Role, role as roleSchema } from "@salvage/contracts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link2, Trash2 } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { explain, formatRole, useMay, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button, IconButton } from "#web/ui/button.tsx";
import { CopyField } from "#web/ui/copy.tsx";
import { Field, Input, Select } from "#web/ui/field.tsx";
import { Notice, Panel } from "#web/ui/page.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { roleSentences } from "./role-words.ts";

export function Invitations() {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const queryClient = useQueryClient();
  const mayOwn = useMay("organization:own");
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("member");
  const open = useQuery(trpc.invitations.list.queryOptions({ orgSlug }));
  const refresh = () => queryClient.invalidateQueries(trpc.invitations.pathFilter());
  const create = useMutation(trpc.invitations.create.mutationOptions({ onSuccess: refresh }));
  const revoke = useMutation(
    trpc.invitations.revoke.mutationOptions({
      onSuccess: () => {
        toast.success("Invitation withdrawn; its link no longer works");
        return refresh();
      },
      onError: (error) => toast.error(explain(error)),
    }),
  );
  return (
    <Panel title="Invite" description="An invitation is a link for one person, good for a week." bodyClass="space-y-3">
      <form
        className="flex flex-wrap items-start gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          const address = email.trim();
          create.mutate({ orgSlug, role, ...(address === "" ? {} : { email: address }) }, { onSuccess: () => setEmail("") });
        }}
      >
        <Field
          label="E-mail address (optional)"
          hint="Named, only this address may accept."
          error={create.error === null ? undefined : explain(create.error)}
          className="min-w-0 flex-1 basis-64"
        >
          {(ids) => (
            <Input
              {...ids}
              type="email"
              value={email}
              onChange={(event) => setEmail(event.target.value)}
              placeholder="ada@example.com"
              autoComplete="off"
            />
          )}
        </Field>
        <Field label="Role" hint={<span className="block max-w-64">{roleSentences[role]}</span>}>
          {(ids) => (
            <Select {...ids} value={role} onChange={(event) => setRole(event.target.value as Role)}>
              {roleSchema.options
                .filter((each) => each !== "owner" || mayOwn)
                .map((each) => (
                  <option key={each} value={each}>
                    {formatRole(each)}
                  </option>
                ))}
            </Select>
          )}
        </Field>
        <Button type="submit" variant="primary" busy={create.isPending} className="mt-[22px]">
          <Link2 aria-hidden /> Make a link
        </Button>
      </form>
      {create.data === undefined ? null : (
        <Notice tone="good" live title="Hand over this link. It is shown this once.">
          <CopyField label="Invitation link" text={create.data.url} />
        </Notice>
      )}
      {open.data === undefined || open.data.length === 0 ? null : (
        <ul className="divide-y divide-line rounded-md border border-line" aria-label="Open invitations">
          {open.data.map((invitation) => (
            <InvitationRow
              key={invitation.id}
              invitation={invitation}
              busy={revoke.isPending}
              onRevoke={() => revoke.mutate({ orgSlug, invitationId: invitation.id })}
            />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function InvitationRow({ invitation, busy, onRevoke }: { invitation: InvitationView; busy: boolean; onRevoke(): void }) {
  const who = invitation.email ?? "Anyone with the link";
  return (
    <li className="flex flex-wrap items-center gap-x-3 px-3 py-1">
      <span className="font-medium">{who}</span>
      <span className="text-sm text-ink-3">
        as {formatRole(invitation.role).toLowerCase()} · by {invitation.createdBy} · ends <RelativeTime at={invitation.expiresAt} />
      </span>
      <span className="ml-auto">
        <IconButton label={`Withdraw the invitation of ${who}`} busy={busy} onClick={onRevoke}>
          <Trash2 aria-hidden />
        </IconButton>
      </span>
    </li>
  );
}
