/** The frame of pages outside of any organization: sign-in, invitation, account, errors. */
import type { ReactNode } from "react";
import { ThemeMenu } from "#web/ui/theme.tsx";
import { Logo } from "./logo.tsx";

export function SimpleFrame({
  title,
  description,
  wide = false,
  children,
}: {
  title: string;
  description?: ReactNode;
  wide?: boolean;
  children: ReactNode;
}) {
  return (
    <div className="flex min-h-dvh flex-col">
      <header className="flex h-12 items-center justify-between px-4">
        <span className="flex items-center gap-2 font-semibold">
          <Logo className="size-6 text-accent" /> Salvage
        </span>
        <ThemeMenu />
      </header>
      <main id="main" className={`mx-auto w-full flex-1 px-4 py-8 ${wide ? "max-w-3xl" : "max-w-sm sm:py-[12vh]"}`}>
        <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
        {description === undefined ? null : <p className="mt-1 text-ink-2">{description}</p>}
        <div className="mt-6">{children}</div>
      </main>
    </div>
  );
}
