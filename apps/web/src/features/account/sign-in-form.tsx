"use client";
/** E-mail and password. */
import { signIn } from "next-auth/react";
import { useState } from "react";
import { Button } from "#web/ui/button.tsx";
import { Field, Input } from "#web/ui/field.tsx";
import { Notice } from "#web/ui/page.tsx";
import { signInWords } from "./sign-in-words.ts";

/** @param next path of this origin to go to afterwards, already checked */
export function SignInForm({ next, error: startError = null }: { next: string; error?: string | null }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(startError);
  async function submit(form: FormData) {
    setBusy(true);
    setError(null);
    const result = await signIn("credentials", { email: form.get("email"), password: form.get("password"), redirect: false }).catch(
      () => null,
    );
    if (result?.ok === true) {
      // A whole navigation: nothing of a former session stays in memory.
      window.location.assign(next);
      return;
    }
    setError(result?.error ?? "unreachable");
    setBusy(false);
  }
  return (
    <form
      className="space-y-4"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(new FormData(event.currentTarget));
      }}
    >
      {error === null ? null : (
        <div role="alert">
          <Notice tone="bad">{signInWords(error)}</Notice>
        </div>
      )}
      <Field label="E-mail address">
        {(ids) => <Input {...ids} name="email" type="email" autoComplete="username" required className="h-9" />}
      </Field>
      <Field label="Password">
        {(ids) => <Input {...ids} name="password" type="password" autoComplete="current-password" required className="h-9" />}
      </Field>
      <Button type="submit" variant="primary" size="lg" busy={busy} className="w-full justify-center">
        Sign in
      </Button>
    </form>
  );
}
