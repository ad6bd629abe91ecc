"use client";
/** A new project: one field. It opens the first steps. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { explain, paths, useDisabledReason, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button, ButtonLink } from "#web/ui/button.tsx";
import { Field, Input } from "#web/ui/field.tsx";
import { Panel } from "#web/ui/page.tsx";
import { slugOf } from "./slug.ts";

export function NewProject() {
  const trpc = useTRPC();
  const router = useRouter();
  const queryClient = useQueryClient();
  const { orgSlug } = useOrg();
  const mayWrite = useDisabledReason("project:write");
  const [name, setName] = useState("");
  const slug = slugOf(name);
  const create = useMutation(
    trpc.projects.create.mutationOptions({
      onSuccess: async (project) => {
        await queryClient.invalidateQueries(trpc.projects.pathFilter());
        router.push(paths.firstSteps(orgSlug, project.slug));
        router.refresh();
      },
    }),
  );
  return (
    <Panel className="max-w-xl">
      <form
        className="space-y-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (slug !== "" && mayWrite === null) create.mutate({ orgSlug, name: name.trim(), slug });
        }}
      >
        <Field
          label="Project name"
          error={
            create.error === null ? (name !== "" && slug === "" ? "Use at least two letters or digits" : undefined) : explain(create.error)
          }
          hint={
            slug === "" ? (
              "One program that you ship, e.g. a game or a desktop app."
            ) : (
              <>
                Its pages live under <code>{`/${orgSlug}/${slug}`}</code>
              </>
            )
          }
        >
          {(ids) => (
            <Input
              {...ids}
              autoFocus
              value={name}
              maxLength={80}
              onChange={(event) => {
                setName(event.target.value);
                create.reset();
              }}
              placeholder="Driftwood"
            />
          )}
        </Field>
        <div className="flex gap-2">
          <Button
            type="submit"
            variant="primary"
            busy={create.isPending || create.isSuccess}
            disabledReason={mayWrite ?? (slug === "" ? "Give a name first" : null)}
          >
            Create project
          </Button>
          <ButtonLink href={paths.org(orgSlug)} variant="ghost">
            Cancel
          </ButtonLink>
        </div>
      </form>
    </Panel>
  );
}
