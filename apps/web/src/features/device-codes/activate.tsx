"use client";
/**
 * Type the code that the machine shows, see which machine asks, choose the organization, approve. A link that carries the code fills it in
 * and does nothing more: whoever sent the link may be somebody else.
 */
import type { DeviceCodeRequest, OrganizationView } from "@salvage/contracts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { explain } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button } from "#web/ui/button.tsx";
import { Field, Input, Select } from "#web/ui/field.tsx";
import { Notice } from "#web/ui/page.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";

export function Activate({ code, organizations }: { code: string; organizations: OrganizationView[] }) {
  const trpc = useTRPC();
  const [userCode, setUserCode] = useState(code);
  const find = useMutation(trpc.deviceCodes.find.mutationOptions());
  if (find.data !== undefined) return <Decide userCode={userCode} request={find.data} organizations={organizations} />;
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        find.mutate({ userCode });
      }}
    >
      <Field label="Code" hint="Eight letters, as the terminal shows them." error={find.error === null ? undefined : explain(find.error)}>
        {(ids) => (
          <Input
            {...ids}
            required
            maxLength={20}
            value={userCode}
            onChange={(event) => setUserCode(event.target.value)}
            className="h-10 font-mono text-lg tracking-widest uppercase"
            autoComplete="off"
            spellCheck={false}
          />
        )}
      </Field>
      <Button type="submit" variant="primary" size="lg" busy={find.isPending} className="w-full justify-center">
        Continue
      </Button>
    </form>
  );
}

function Decide({ userCode, request, organizations }: { userCode: string; request: DeviceCodeRequest; organizations: OrganizationView[] }) {
  const trpc = useTRPC();
  const [organizationSlug, setOrganizationSlug] = useState(organizations[0]?.slug ?? "");
  const approve = useMutation(trpc.deviceCodes.approve.mutationOptions());
  const deny = useMutation(trpc.deviceCodes.deny.mutationOptions());
  if (approve.data !== undefined)
    return (
      <Notice tone="good" live title={`${request.clientName} is signed in`}>
        You can close this page. The login is listed under the organization's API tokens, where an admin can revoke it.
      </Notice>
    );
  if (deny.data !== undefined)
    return (
      <Notice tone="info" live title="Turned away">
        The code is over; nothing was signed in.
      </Notice>
    );
  const error = approve.error ?? deny.error;
  return (
    <div className="space-y-4">
      {error === null ? null : (
        <div role="alert">
          <Notice tone="bad">{explain(error)}</Notice>
        </div>
      )}
      <p>
        <strong className="break-words">{request.clientName}</strong> asked <RelativeTime at={request.createdAt} /> to act as you: to upload
        debug files and read crashes, as far as your role goes. Approve only if you started this yourself.
      </p>
      <Field label="Organization">
        {(ids) => (
          <Select {...ids} className="h-9 w-full" value={organizationSlug} onChange={(event) => setOrganizationSlug(event.target.value)}>
            {organizations.map(({ slug, name }) => (
              <option key={slug} value={slug}>
                {name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <div className="flex gap-2">
        <Button
          variant="primary"
          size="lg"
          className="grow justify-center"
          busy={approve.isPending}
          onClick={() => approve.mutate({ userCode, organizationSlug })}
        >
          Approve
        </Button>
        <Button size="lg" className="grow justify-center" busy={deny.isPending} onClick={() => deny.mutate({ userCode })}>
          That was not me
        </Button>
      </div>
    </div>
  );
}
