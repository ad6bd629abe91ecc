"use client";
/** Name, own modules, how long things are kept, and the end of a project. */
import { mostCrashesCounted, type ProjectDetail } from "@salvage/contracts";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { useRouter } from "next/navigation";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { toast } from "sonner";
import { explain, paths, useDisabledReason, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button } from "#web/ui/button.tsx";
import { ConfirmDialog } from "#web/ui/dialog.tsx";
import { Field, Input, Textarea } from "#web/ui/field.tsx";
import { formatCountUpTo } from "#web/ui/format.ts";
import { Notice, Panel, TableSkeleton } from "#web/ui/page.tsx";
import { patternsOf, policySentence } from "./policy.ts";

type Values = { name: string; own: string; notOwn: string; waitForSymbolsDays: number; keepDumpDays: number; reportRetentionDays: number };

export function GeneralSettings({ projectSlug }: { projectSlug: string }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const project = useQuery(trpc.projects.bySlug.queryOptions({ orgSlug, projectSlug }));
  if (project.data === undefined) return <TableSkeleton rows={6} />;
  return (
    <div className="max-w-3xl space-y-4">
      <SettingsForm project={project.data} />
      <DeleteProject project={project.data} />
    </div>
  );
}

function SettingsForm({ project }: { project: ProjectDetail }) {
  const trpc = useTRPC();
  const router = useRouter();
  const { orgSlug } = useOrg();
  const queryClient = useQueryClient();
  const mayWrite = useDisabledReason("project:write");
  const readOnly = mayWrite !== null;
  const form = useForm<Values>({
    values: {
      name: project.name,
      own: project.ownPatterns.join("\n"),
      notOwn: project.notOwnPatterns.join("\n"),
      waitForSymbolsDays: project.waitForSymbolsDays,
      keepDumpDays: project.keepDumpDays,
      reportRetentionDays: project.reportRetentionDays,
    },
    mode: "onChange",
  });
  const { errors, isDirty } = form.formState;
  const update = useMutation(
    trpc.projects.update.mutationOptions({
      onSuccess: async () => {
        toast.success("Settings saved");
        await queryClient.invalidateQueries(trpc.projects.pathFilter());
        router.refresh();
      },
      onError: (error) => toast.error(explain(error)),
    }),
  );
  const [wait, keep, retain] = form.watch(["waitForSymbolsDays", "keepDumpDays", "reportRetentionDays"]);
  const dayField = (name: "waitForSymbolsDays" | "keepDumpDays" | "reportRetentionDays", min: number, max: number) =>
    form.register(name, {
      valueAsNumber: true,
      validate: (value) => (Number.isInteger(value) && value >= min && value <= max) || `A whole number from ${min} to ${max}`,
    });
  return (
    <form
      className="space-y-4"
      onSubmit={form.handleSubmit(({ own, notOwn, ...values }) =>
        update.mutate({ orgSlug, projectSlug: project.slug, ...values, ownPatterns: patternsOf(own), notOwnPatterns: patternsOf(notOwn) }),
      )}
    >
      <Panel title="General" bodyClass="grid gap-4 sm:grid-cols-2">
        <Field label="Name" error={errors.name?.message}>
          {(ids) => <Input {...ids} disabled={readOnly} maxLength={80} {...form.register("name", { required: "Give a name" })} />}
        </Field>
        <Field label="Short name" hint="Part of this project's addresses; it stays.">
          {(ids) => <Input {...ids} value={project.slug} disabled readOnly />}
        </Field>
      </Panel>
      <Panel
        title="Your own modules"
        description="Crashes wait only for debug files of your own modules: the main program, modules beside it, and modules whose files you uploaded. Patterns override that both ways."
        bodyClass="grid gap-4 sm:grid-cols-2"
      >
        <Field label="Own" hint="One pattern a line, with * and ?, matched against path or name.">
          {(ids) => (
            <Textarea {...ids} disabled={readOnly} placeholder={"game*.dll\n*/plugins/*"} spellCheck={false} {...form.register("own")} />
          )}
        </Field>
        <Field label="Not own" hint="Third-party modules that ship beside yours. Listed, never waited for.">
          {(ids) => (
            <Textarea
              {...ids}
              disabled={readOnly}
              placeholder={"steam_api64.dll\nlibfmod*.so"}
              spellCheck={false}
              {...form.register("notOwn")}
            />
          )}
        </Field>
      </Panel>
      <Panel title="Privacy" bodyClass="space-y-4">
        <Notice tone="neutral" icon={ShieldCheck} live>
          {[wait, keep, retain].some((value) => Number.isNaN(value))
            ? "Give whole days."
            : policySentence({ waitForSymbolsDays: wait, keepDumpDays: keep, reportRetentionDays: retain })}
        </Notice>
        <div className="grid gap-4 sm:grid-cols-3">
          <Field label="Wait for debug files" hint="Days; 0 = not at all" error={errors.waitForSymbolsDays?.message}>
            {(ids) => <Input {...ids} type="number" min={0} max={90} disabled={readOnly} {...dayField("waitForSymbolsDays", 0, 90)} />}
          </Field>
          <Field label="Keep complete dumps" hint="Days; 0 = delete when complete" error={errors.keepDumpDays?.message}>
            {(ids) => <Input {...ids} type="number" min={0} max={90} disabled={readOnly} {...dayField("keepDumpDays", 0, 90)} />}
          </Field>
          <Field label="Keep reports" hint="Days" error={errors.reportRetentionDays?.message}>
            {(ids) => <Input {...ids} type="number" min={1} max={3650} disabled={readOnly} {...dayField("reportRetentionDays", 1, 3650)} />}
          </Field>
        </div>
      </Panel>
      <div className="flex items-center gap-3">
        <Button
          type="submit"
          variant="primary"
          busy={update.isPending}
          disabledReason={mayWrite ?? (isDirty ? null : "Nothing was changed")}
        >
          Save settings
        </Button>
        {isDirty ? (
          <Button variant="ghost" onClick={() => form.reset()}>
            Undo
          </Button>
        ) : null}
      </div>
    </form>
  );
}

function DeleteProject({ project }: { project: ProjectDetail }) {
  const trpc = useTRPC();
  const router = useRouter();
  const { orgSlug } = useOrg();
  const [asking, setAsking] = useState(false);
  const blocked = useDisabledReason("organization:admin");
  const remove = useMutation(
    trpc.projects.delete.mutationOptions({
      onSuccess: () => {
        toast.success(`${project.name} is deleted`);
        router.push(paths.org(orgSlug));
        router.refresh();
      },
      onError: (error) => toast.error(explain(error)),
    }),
  );
  const crashes = project.crashCount === 1 ? "1 crash" : `${formatCountUpTo(project.crashCount, mostCrashesCounted)} crashes`;
  return (
    <Panel title="Delete this project" className="border-bad-line">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <p className="min-w-0 flex-1 basis-72 text-ink-2">
          It disappears at once with {crashes}, its keys stop working, and its reports and dumps are erased. Debug files stay: they belong
          to the organization.
        </p>
        <Button variant="danger" disabledReason={blocked} onClick={() => setAsking(true)}>
          Delete project
        </Button>
      </div>
      <ConfirmDialog
        open={asking}
        onOpenChange={setAsking}
        title={`Delete ${project.name}?`}
        description={`${crashes} and everything known about them are erased. This cannot be undone.`}
        action="Delete project"
        typed={project.slug}
        onConfirm={() => remove.mutateAsync({ orgSlug, projectSlug: project.slug, confirmSlug: project.slug })}
      />
    </Panel>
  );
}
