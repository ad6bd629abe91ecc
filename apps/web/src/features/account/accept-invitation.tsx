"use client";
/** Accepts an invitation: with one press when signed in, else by making an account. */
import type { InvitationPreview } from "@salvage/contracts";
import { useMutation } from "@tanstack/react-query";
import Link from "next/link";
import { signIn } from "next-auth/react";
import { useForm } from "react-hook-form";
import { explain, paths } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Button } from "#web/ui/button.tsx";
import { Field, Input } from "#web/ui/field.tsx";
import { Notice } from "#web/ui/page.tsx";

type Account = { email: string; name: string; password: string };

const minPasswordLength = 10;

export function AcceptInvitation({ token, preview, signedInAs }: { token: string; preview: InvitationPreview; signedInAs: string | null }) {
  const trpc = useTRPC();
  const form = useForm<Account>({ defaultValues: { email: preview.email ?? "", name: "", password: "" } });
  const accept = useMutation(trpc.invitations.accept.mutationOptions());
  async function submit(account?: Account) {
    const done = await accept.mutateAsync({ token, ...(account === undefined ? {} : { account }) }).catch(() => null);
    if (done === null) return;
    if (account !== undefined) await signIn("credentials", { email: account.email, password: account.password, redirect: false });
    window.location.assign(paths.org(done.organizationSlug));
  }
  const failure =
    accept.error === null ? null : (
      <div role="alert">
        <Notice tone="bad">{explain(accept.error)}</Notice>
      </div>
    );
  if (signedInAs !== null) {
    return (
      <div className="space-y-4">
        {failure}
        <Button
          variant="primary"
          size="lg"
          className="w-full justify-center"
          busy={accept.isPending || accept.isSuccess}
          onClick={() => void submit()}
        >
          Join as {signedInAs}
        </Button>
      </div>
    );
  }
  const { errors } = form.formState;
  return (
    <form className="space-y-4" onSubmit={form.handleSubmit((account) => submit(account))}>
      {failure}
      <Field label="Your name" error={errors.name?.message}>
        {(ids) => <Input {...ids} autoComplete="name" className="h-9" {...form.register("name", { required: "Give your name" })} />}
      </Field>
      <Field
        label="E-mail address"
        error={errors.email?.message}
        {...(preview.email === null ? {} : { hint: "The invitation is for this address." })}
      >
        {(ids) => (
          <Input
            {...ids}
            type="email"
            autoComplete="username"
            readOnly={preview.email !== null}
            className="h-9"
            {...form.register("email", { required: "Give your e-mail address" })}
          />
        )}
      </Field>
      <Field label="Password" hint={`At least ${minPasswordLength} characters.`} error={errors.password?.message}>
        {(ids) => (
          <Input
            {...ids}
            type="password"
            autoComplete="new-password"
            className="h-9"
            {...form.register("password", {
              required: "Choose a password",
              minLength: { value: minPasswordLength, message: `At least ${minPasswordLength} characters` },
            })}
          />
        )}
      </Field>
      <Button type="submit" variant="primary" size="lg" busy={accept.isPending || accept.isSuccess} className="w-full justify-center">
        Make account and join
      </Button>
      <p className="text-sm text-ink-2">
        You have an account?{" "}
        <Link href={`/sign-in?callbackUrl=${encodeURIComponent(`/invite/${token}`)}`} className="text-accent underline underline-offset-2">
          Sign in first
        </Link>
        .
      </p>
    </form>
  );
}
