"use client";
/** For someone who belongs to no organization yet: make one. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { explain, paths } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button } from "#web/ui/button.tsx";
import { Field, Input } from "#web/ui/field.tsx";

export function FirstOrganization() {
  const trpc = useTRPC();
  const [name, setName] = useState("");
  const [slug, setSlug] = useState("");
  const create = useMutation(
    trpc.organizations.create.mutationOptions({ onSuccess: (made) => window.location.assign(paths.org(made.slug)) }),
  );
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate({ name: name.trim(), slug: slug.trim() });
      }}
    >
      <Field label="Organization name">
        {(ids) => <Input {...ids} required maxLength={80} value={name} onChange={(event) => setName(event.target.value)} className="h-9" />}
      </Field>
      <Field
        label="Short name"
        hint="Lower-case letters, digits and hyphens; part of every address."
        error={create.error === null ? undefined : explain(create.error)}
      >
        {(ids) => (
          <Input
            {...ids}
            required
            maxLength={40}
            pattern="[a-z0-9]+(-[a-z0-9]+)*"
            value={slug}
            onChange={(event) => setSlug(event.target.value)}
            className="h-9"
            spellCheck={false}
          />
        )}
      </Field>
      <Button type="submit" variant="primary" size="lg" busy={create.isPending || create.isSuccess} className="w-full justify-center">
        Make organization
      </Button>
    </form>
  );
}
