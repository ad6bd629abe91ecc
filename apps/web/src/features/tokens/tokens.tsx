"use client";
/** Tokens with their scopes as sentences, expiry and last use; a new one is shown once. */
import type { ApiTokenView } from "@salvage/contracts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { toast } from "sonner";
import { explain, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Badge } from "#web/ui/badge.tsx";
import { Button, IconButton } from "#web/ui/button.tsx";
import { CodeBlock, CopyField } from "#web/ui/copy.tsx";
import { ConfirmDialog } from "#web/ui/dialog.tsx";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { EmptyState, Notice, PageHeader, TableSkeleton } from "#web/ui/page.tsx";
import { RelativeTime, useNow } from "#web/ui/relative-time.tsx";
import { RowKeys } from "#web/ui/row-keys.tsx";
import { Table, Td, Th, Thead, Tr } from "#web/ui/table.tsx";
import { NewTokenDialog } from "./new-token-dialog.tsx";

export function Tokens() {
  const trpc = useTRPC();
  const { orgSlug, publicUrl } = useOrg();
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const tokens = useQuery(trpc.tokens.list.queryOptions({ orgSlug }));
  const newButton = (
    <Button variant="primary" onClick={() => setMaking(true)}>
      <Plus aria-hidden /> New token
    </Button>
  );
  return (
    <>
      <RowKeys />
      <PageHeader
        title="API tokens"
        description="For CI and scripts. A token belongs to the organization and can do what its scopes say, nothing else."
        actions={newButton}
      />
      <div className="space-y-3">
        {made === null ? null : (
          <Notice
            tone="good"
            icon={KeyRound}
            live
            title="Copy the token now. It is stored hashed and shown this once."
            actions={
              <Button size="sm" onClick={() => setMade(null)}>
                I have it
              </Button>
            }
          >
            <div className="mt-2 space-y-2">
              <CopyField label="Token" text={made} />
              <p className="text-sm text-ink-2">
                It carries this server's address and the organization. In an address, its part after the last underscore alone is enough.
              </p>
              <CodeBlock what="a try of the token" code={`./salvage upload ./build --url ${publicUrl} --org ${orgSlug} --token ${made}`} />
            </div>
          </Notice>
        )}
        {tokens.data === undefined ? (
          tokens.isError ? (
            <LoadFailed what="The tokens" why={explain(tokens.error)} onRetry={() => void tokens.refetch()} />
          ) : (
            <TableSkeleton rows={3} />
          )
        ) : tokens.data.length === 0 ? (
          <EmptyState icon={KeyRound} title="No API token yet" actions={newButton}>
            CI needs one to upload debug files; a script needs one to read crashes.
          </EmptyState>
        ) : (
          <TokenTable tokens={tokens.data} />
        )}
      </div>
      <NewTokenDialog open={making} onOpenChange={setMaking} onMade={setMade} />
    </>
  );
}

function TokenTable({ tokens }: { tokens: ApiTokenView[] }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const queryClient = useQueryClient();
  const [asking, setAsking] = useState<ApiTokenView | null>(null);
  const revoke = useMutation(
    trpc.tokens.revoke.mutationOptions({
      onSuccess: () => {
        toast.success("Token revoked; it stopped working");
        return queryClient.invalidateQueries(trpc.tokens.pathFilter());
      },
      onError: (error) => toast.error(explain(error)),
    }),
  );
  return (
    <>
      <Table label="API tokens">
        <Thead>
          <Th>Name</Th>
          <Th>Scopes</Th>
          <Th className="hidden md:table-cell">Made by</Th>
          <Th className="hidden sm:table-cell" num>
            Expires
          </Th>
          <Th className="hidden sm:table-cell" num>
            Last used
          </Th>
          <Th>
            <span className="sr-only">Actions</span>
          </Th>
        </Thead>
        <tbody>
          {tokens.map((token) => (
            <Tr key={token.id}>
              <Td className="py-1.5">
                <span className="font-medium">{token.name}</span>
                {token.hint === "" ? null : <code className="block text-xs text-ink-3">…{token.hint}</code>}
              </Td>
              <Td>
                <span className="flex flex-wrap gap-1 py-1">
                  {token.scopes.map((scope) => (
                    <Badge key={scope}>
                      <code className="text-xs">{scope}</code>
                    </Badge>
                  ))}
                </span>
              </Td>
              <Td className="hidden text-sm text-ink-2 md:table-cell">{token.createdBy}</Td>
              <Td num className="hidden text-sm whitespace-nowrap text-ink-2 sm:table-cell">
                <Expiry at={token.expiresAt} />
              </Td>
              <Td num className="hidden text-sm whitespace-nowrap text-ink-2 sm:table-cell">
                {token.lastUsedAt === null ? "never" : <RelativeTime at={token.lastUsedAt} />}
              </Td>
              <Td num className="w-10">
                <IconButton data-row-link label={`Revoke ${token.name}`} onClick={() => setAsking(token)}>
                  <Trash2 aria-hidden />
                </IconButton>
              </Td>
            </Tr>
          ))}
        </tbody>
      </Table>
      <ConfirmDialog
        open={asking !== null}
        onOpenChange={(open) => {
          if (!open) setAsking(null);
        }}
        title={`Revoke ${asking?.name ?? ""}?`}
        description="Whatever uses it is refused from now on. This cannot be undone."
        action="Revoke token"
        onConfirm={() => (asking === null ? Promise.resolve() : revoke.mutateAsync({ orgSlug, tokenId: asking.id }))}
      />
    </>
  );
}

function Expiry({ at }: { at: string | null }) {
  const now = useNow();
  if (at === null) return <span className="text-ink-3">never</span>;
  return Date.parse(at) < now ? <span className="font-medium text-bad">expired</span> : <RelativeTime at={at} />;
}
