/** Sign-in. */
import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { SignInForm } from "#web/features/account/index.ts";
import { SimpleFrame } from "#web/features/shell/index.ts";
import { safeCallbackUrl } from "#web/server/callback-url.ts";
import { currentUser } from "#web/server/caller.ts";

export const metadata: Metadata = { title: "Sign in" };

export default async function SignInPage({ searchParams }: PageProps<"/sign-in">) {
  const { callbackUrl, error } = await searchParams;
  const next = safeCallbackUrl(typeof callbackUrl === "string" ? callbackUrl : null);
  if ((await currentUser()) !== null) redirect(next);
  return (
    <SimpleFrame title="Sign in" description="Crashes of your programs, with names.">
      <SignInForm next={next} error={typeof error === "string" ? error : null} />
    </SimpleFrame>
  );
}
