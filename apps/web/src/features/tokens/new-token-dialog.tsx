"use client";
/** The form of a new token: a name, what it may do, how long it lives. */
import { scopeSentences, type TokenScope, tokenScope } from "@salvage/contracts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { explain, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button } from "#web/ui/button.tsx";
import { Dialog } from "#web/ui/dialog.tsx";
import { Checkbox, Field, Input, Select } from "#web/ui/field.tsx";

const lifetimes: [string, number | null][] = [
  ["30 days", 30],
  ["90 days", 90],
  ["1 year", 365],
  ["No expiry", null],
];

/** What most tokens are for: uploading from CI. */
const usualScopes: readonly TokenScope[] = ["debug-file:read", "debug-file:write"];

export function NewTokenDialog({
  open,
  onOpenChange,
  onMade,
}: {
  open: boolean;
  onOpenChange(open: boolean): void;
  onMade(token: string): void;
}) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const queryClient = useQueryClient();
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<ReadonlySet<TokenScope>>(new Set(usualScopes));
  const [days, setDays] = useState<number | null>(365);
  const create = useMutation(
    trpc.tokens.create.mutationOptions({
      onSuccess: ({ token }) => {
        onMade(token);
        onOpenChange(false);
        setName("");
        setScopes(new Set(usualScopes));
        return queryClient.invalidateQueries(trpc.tokens.pathFilter());
      },
    }),
  );
  function toggle(scope: TokenScope) {
    const next = new Set(scopes);
    if (!next.delete(scope)) next.add(scope);
    setScopes(next);
  }
  const missing = name.trim() === "" ? "Give a name first" : scopes.size === 0 ? "Choose at least one scope" : null;
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title="New API token">
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (missing === null)
            create.mutate({
              orgSlug,
              name: name.trim(),
              scopes: tokenScope.options.filter((scope) => scopes.has(scope)),
              ...(days === null ? {} : { expiresInDays: days }),
            });
        }}
      >
        <Field label="Name" hint="Say where it is used." error={create.error === null ? undefined : explain(create.error)}>
          {(ids) => (
            <Input
              {...ids}
              value={name}
              maxLength={80}
              onChange={(event) => setName(event.target.value)}
              placeholder="CI of the game client"
            />
          )}
        </Field>
        <fieldset>
          <legend className="mb-1.5 text-sm font-medium text-ink-2">It may</legend>
          <div className="space-y-1.5">
            {tokenScope.options.map((scope) => (
              <Checkbox
                key={scope}
                label={scopeSentences[scope]}
                description={<code className="text-xs">{scope}</code>}
                checked={scopes.has(scope)}
                onChange={() => toggle(scope)}
              />
            ))}
          </div>
        </fieldset>
        <Field label="Expires after">
          {(ids) => (
            <Select
              {...ids}
              value={days ?? ""}
              onChange={(event) => setDays(event.target.value === "" ? null : Number(event.target.value))}
            >
              {lifetimes.map(([word, value]) => (
                <option key={word} value={value ?? ""}>
                  {word}
                </option>
              ))}
            </Select>
          )}
        </Field>
        <div className="flex justify-end gap-2">
          <Button onClick={() => onOpenChange(false)}>Cancel</Button>
          <Button type="submit" variant="primary" busy={create.isPending} disabledReason={missing}>
            Make token
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
