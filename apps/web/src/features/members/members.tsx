"use client";
/** Members with their roles, open invitations, and a way to invite. */
import { type MemberView, type Role, role as roleSchema } from "@salvage/contracts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { LogOut, UserMinus } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { toast } from "sonner";
import { explain, formatRole, useDisabledReason, useMay, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Badge } from "#web/ui/badge.tsx";
import { Button } from "#web/ui/button.tsx";
import { ConfirmDialog } from "#web/ui/dialog.tsx";
import { Select } from "#web/ui/field.tsx";
import { Panel, TableSkeleton } from "#web/ui/page.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { Table, Td, Th, Thead, Tr } from "#web/ui/table.tsx";
import { Invitations } from "./invitations.tsx";
import { roleSentences } from "./role-words.ts";

export function Members() {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const mayAdminister = useMay("organization:admin");
  const members = useQuery(trpc.members.list.queryOptions({ orgSlug }));
  return (
    <div className="space-y-4">
      {mayAdminister ? <Invitations /> : null}
      {members.data === undefined ? <TableSkeleton rows={3} /> : <MemberTable members={members.data} />}
      <Panel title="What the roles may do" bodyClass="p-0">
        <dl className="divide-y divide-line">
          {roleSchema.options.map((role) => (
            <div key={role} className="flex gap-4 px-4 py-1.5">
              <dt className="w-20 shrink-0 font-medium">{formatRole(role)}</dt>
              <dd className="text-ink-2">{roleSentences[role]}</dd>
            </div>
          ))}
        </dl>
      </Panel>
    </div>
  );
}

function MemberTable({ members }: { members: MemberView[] }) {
  const owners = members.filter((member) => member.role === "owner").length;
  return (
    <Table label="Members">
      <Thead>
        <Th>Member</Th>
        <Th>Role</Th>
        <Th className="hidden sm:table-cell" num>
          Joined
        </Th>
        <Th>
          <span className="sr-only">Actions</span>
        </Th>
      </Thead>
      <tbody>
        {members.map((member) => (
          <MemberRow key={member.userId} member={member} lastOwner={member.role === "owner" && owners === 1} />
        ))}
      </tbody>
    </Table>
  );
}

/** Why nobody may change this member now, or null. */
function useBlocked(member: MemberView, lastOwner: boolean): string | null {
  const noAdmin = useDisabledReason("organization:admin");
  const mayOwn = useMay("organization:own");
  if (noAdmin !== null) return noAdmin;
  if (lastOwner) return "An organization keeps at least one owner";
  return member.role === "owner" && !mayOwn ? "Only an owner may change an owner" : null;
}

function MemberRow({ member, lastOwner }: { member: MemberView; lastOwner: boolean }) {
  const { orgSlug } = useOrg();
  const mayOwn = useMay("organization:own");
  const blocked = useBlocked(member, lastOwner);
  const [asking, setAsking] = useState(false);
  const { setRole, remove, leave } = useMemberChanges();
  const roles = roleSchema.options.filter((role) => role !== "owner" || mayOwn || member.role === "owner");
  return (
    <Tr>
      <Td className="py-1.5">
        <span className="font-medium">{member.name}</span> {member.you ? <Badge className="ml-1">you</Badge> : null}
        <span className="block text-sm text-ink-3">{member.email}</span>
      </Td>
      <Td>
        {blocked === null ? (
          <Select
            aria-label={`Role of ${member.name}`}
            value={member.role}
            disabled={setRole.isPending}
            onChange={(event) => setRole.mutate({ orgSlug, userId: member.userId, role: event.target.value as Role })}
          >
            {roles.map((role) => (
              <option key={role} value={role}>
                {formatRole(role)}
              </option>
            ))}
          </Select>
        ) : (
          <span title={blocked}>{formatRole(member.role)}</span>
        )}
      </Td>
      <Td num className="hidden text-sm text-ink-2 sm:table-cell">
        <RelativeTime at={member.joinedAt} />
      </Td>
      <Td num>
        <Button
          size="sm"
          variant="ghost"
          disabledReason={member.you ? (lastOwner ? "An organization keeps at least one owner" : null) : blocked}
          onClick={() => setAsking(true)}
          aria-label={member.you ? "Leave the organization" : `Remove ${member.name}`}
        >
          {member.you ? <LogOut aria-hidden /> : <UserMinus aria-hidden />}
          <span className="hidden md:inline">{member.you ? "Leave" : "Remove"}</span>
        </Button>
        <ConfirmDialog
          open={asking}
          onOpenChange={setAsking}
          title={member.you ? "Leave this organization?" : `Remove ${member.name}?`}
          description={
            member.you
              ? "You lose access at once. Someone must invite you to come back."
              : "They lose access at once, on every device. Tokens they made keep working until revoked."
          }
          action={member.you ? "Leave" : "Remove"}
          onConfirm={() => (member.you ? leave.mutateAsync({ orgSlug }) : remove.mutateAsync({ orgSlug, userId: member.userId }))}
        />
      </Td>
    </Tr>
  );
}

function useMemberChanges() {
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const onError = (error: unknown) => void toast.error(explain(error));
  const refresh = () => queryClient.invalidateQueries(trpc.members.pathFilter());
  return {
    setRole: useMutation(
      trpc.members.setRole.mutationOptions({
        onSuccess: (_, input) => {
          toast.success(`The role is now ${formatRole(input.role).toLowerCase()}`);
          // One's own role decides what pages offer.
          router.refresh();
          return refresh();
        },
        onError,
      }),
    ),
    remove: useMutation(trpc.members.remove.mutationOptions({ onSuccess: refresh, onError })),
    leave: useMutation(
      trpc.members.leave.mutationOptions({
        onSuccess: () => {
          router.push("/");
          router.refresh();
        },
        onError,
      }),
    ),
  };
}
