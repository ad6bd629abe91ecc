"use client";
/** A new password; every other session ends. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useForm } from "react-hook-form";
import { toast } from "sonner";
import { explain } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button } from "#web/ui/button.tsx";
import { Field, Input } from "#web/ui/field.tsx";
import { Panel } from "#web/ui/page.tsx";

type Values = { currentPassword: string; newPassword: string; repeat: string };

const minPasswordLength = 10;

export function ChangePassword() {
  const trpc = useTRPC();
  const queryClient = useQueryClient();
  const form = useForm<Values>({ defaultValues: { currentPassword: "", newPassword: "", repeat: "" } });
  const { errors } = form.formState;
  const change = useMutation(
    trpc.account.changePassword.mutationOptions({
      onSuccess: () => {
        toast.success("Password changed. Every other device is signed out.");
        form.reset();
        return queryClient.invalidateQueries(trpc.account.pathFilter());
      },
    }),
  );
  return (
    <Panel title="Password">
      <form
        className="max-w-sm space-y-4"
        onSubmit={form.handleSubmit(({ currentPassword, newPassword }) => change.mutate({ currentPassword, newPassword }))}
      >
        <Field label="Current password" error={change.error === null ? errors.currentPassword?.message : explain(change.error)}>
          {(ids) => (
            <Input
              {...ids}
              type="password"
              autoComplete="current-password"
              {...form.register("currentPassword", { required: "Give your password" })}
            />
          )}
        </Field>
        <Field label="New password" hint={`At least ${minPasswordLength} characters.`} error={errors.newPassword?.message}>
          {(ids) => (
            <Input
              {...ids}
              type="password"
              autoComplete="new-password"
              {...form.register("newPassword", {
                required: "Choose a password",
                minLength: { value: minPasswordLength, message: `At least ${minPasswordLength} characters` },
              })}
            />
          )}
        </Field>
        <Field label="New password again" error={errors.repeat?.message}>
          {(ids) => (
            <Input
              {...ids}
              type="password"
              autoComplete="new-password"
              {...form.register("repeat", { validate: (value, all) => value === all.newPassword || "The two differ" })}
            />
          )}
        </Field>
        <Button type="submit" variant="primary" busy={change.isPending}>
          Change password
        </Button>
      </form>
    </Panel>
  );
}
