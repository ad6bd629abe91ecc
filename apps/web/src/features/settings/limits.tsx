"use client";
/** What posts may have: rates, sizes and counts of the project; rate of all projects of the organization together, and what it stores; and the server's own. */
import type { Permission, ProjectLimits, ServerLimits } from "@salvage/contracts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { toast } from "sonner";
import { explain, paths, useDisabledReason, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button } from "#web/ui/button.tsx";
import { Field, Input } from "#web/ui/field.tsx";
import { formatBytes } from "#web/ui/format.ts";
import { LoadFailed } from "#web/ui/load-failed.tsx";
import { Panel, TableSkeleton } from "#web/ui/page.tsx";
import { type LimitUnit, limitOf, limitText } from "./limit-fields.ts";
import { ServerLimitsTable, useServerLimits } from "./server-limits.tsx";

export function Limits({ projectSlug }: { projectSlug: string }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const queryClient = useQueryClient();
  const limits = useQuery(trpc.limits.ofProject.queryOptions({ orgSlug, projectSlug }));
  const saved = {
    onSuccess: async () => {
      toast.success("Limits saved; they hold within seconds");
      await queryClient.invalidateQueries(trpc.limits.pathFilter());
    },
    onError: (error: unknown) => toast.error(explain(error)),
  };
  const setProject = useMutation(trpc.limits.setProject.mutationOptions(saved));
  const setOrganization = useMutation(trpc.limits.setOrganization.mutationOptions(saved));
  if (limits.data === undefined) {
    return limits.isError ? (
      <LoadFailed what="The limits" why={explain(limits.error)} onRetry={() => void limits.refetch()} />
    ) : (
      <TableSkeleton rows={4} />
    );
  }
  const { project, organization, storageUsedBytes } = limits.data;
  return (
    <div className="max-w-3xl space-y-4">
      <p className="text-ink-2">
        Over a rate or quota a sender is told that all is well, so that it does not send again, and the post is counted in the{" "}
        <a className="underline" href={paths.settings(orgSlug, projectSlug, "refusals")}>
          drop log
        </a>
        . An empty field leaves it to the server's own limit; sizes cannot go above that.
      </p>
      <LimitsForm<ProjectLimits>
        title="This project"
        permission="project:write"
        values={project}
        busy={setProject.isPending}
        onSave={(values) => setProject.mutate({ orgSlug, projectSlug, ...values })}
        fields={[
          {
            name: "rateLimitPerMinute",
            label: "Crashes a minute",
            hint: "Of all client keys together; keys have rates of their own.",
            unit: "count",
            server: "PROJECT_RATE_LIMIT_PER_MINUTE",
          },
          {
            name: "maxDumpBytes",
            label: "Largest minidump, in MiB",
            hint: "Larger ones are refused.",
            unit: "MiB",
            server: "MAX_DUMP_BYTES",
          },
          {
            name: "maxAttachmentBytes",
            label: "Largest attachment, in MiB",
            hint: "Larger ones are left out of the crash.",
            unit: "MiB",
            server: "MAX_ATTACHMENT_BYTES",
          },
          {
            name: "maxAttachments",
            label: "Attachments of a crash",
            hint: "More are left out.",
            unit: "count",
            server: "MAX_ATTACHMENTS",
          },
        ]}
      />
      <LimitsForm<{ rateLimitPerMinute: number | null }>
        title="All projects of the organization"
        permission="organization:admin"
        values={{ rateLimitPerMinute: organization.rateLimitPerMinute }}
        busy={setOrganization.isPending}
        onSave={(values) => setOrganization.mutate({ orgSlug, ...values })}
        fields={[{ name: "rateLimitPerMinute", label: "Crashes a minute", unit: "count", server: "ORGANIZATION_RATE_LIMIT_PER_MINUTE" }]}
      />
      <p className="text-ink-2">
        The organization stores {formatBytes(storageUsedBytes)}
        {organization.storageQuotaBytes === null ? "" : ` of the ${formatBytes(organization.storageQuotaBytes)} that it may`}: dumps,
        attachments and debug files. The operator of this server sets how much it may be, and:
      </p>
      <ServerLimitsTable />
    </div>
  );
}

/** `server`: the setting that holds while the field is empty. */
type LimitField<Values> = { name: keyof Values & string; label: string; hint?: string; unit: LimitUnit; server: keyof ServerLimits };

function LimitsForm<Values extends Record<string, number | null>>({
  title,
  permission,
  values,
  fields,
  busy,
  onSave,
}: {
  title: string;
  permission: Permission;
  values: Values;
  fields: LimitField<Values>[];
  busy: boolean;
  onSave: (values: Values) => void;
}) {
  const blocked = useDisabledReason(permission);
  const { data: serverLimits } = useServerLimits();
  const form = useForm<Record<string, string>>({
    values: Object.fromEntries(fields.map(({ name, unit }) => [name, limitText(values[name] ?? null, unit)])),
    mode: "onChange",
  });
  const { errors, isDirty } = form.formState;
  return (
    <form
      onSubmit={form.handleSubmit((texts) =>
        onSave(Object.fromEntries(fields.map(({ name, unit }) => [name, limitOf(texts[name] ?? "", unit)])) as Values),
      )}
    >
      <Panel title={title} bodyClass="grid gap-4 sm:grid-cols-2">
        {fields.map(({ name, label, hint, unit, server }) => (
          <Field key={name} label={label} hint={hint} error={errors[name]?.message}>
            {(ids) => (
              <Input
                {...ids}
                inputMode="decimal"
                placeholder={emptyMeans(serverLimits?.[server], unit)}
                disabled={blocked !== null}
                {...form.register(name, { validate: (text) => limitOf(text, unit) !== undefined || "A number above 0, or nothing" })}
              />
            )}
          </Field>
        ))}
        <div className="sm:col-span-2">
          <Button type="submit" variant="primary" busy={busy} disabledReason={blocked ?? (isDirty ? null : "Nothing was changed")}>
            Save limits
          </Button>
        </div>
      </Panel>
    </form>
  );
}

/** @param limit the server's; undefined while it is not known */
function emptyMeans(limit: number | null | undefined, unit: LimitUnit): string {
  if (limit === undefined) return "the server's own limit";
  return limit === null ? "no limit" : `${limitText(limit, unit)} on this server`;
}
