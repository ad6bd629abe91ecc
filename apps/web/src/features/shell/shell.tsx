"use client";
/** Rail and top bar around a page. On a phone the rail is a drawer. */
import type { OrganizationView, ProjectName } from "@salvage/contracts";
import { useQuery } from "@tanstack/react-query";
import { ChevronRight, Menu as MenuIcon } from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import { Dialog as Radix } from "radix-ui";
import { Fragment, type ReactNode, useEffect, useState } from "react";
import { Palette } from "#web/features/palette/index.ts";
import { useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { IconButton } from "#web/ui/button.tsx";
import { ThemeMenu } from "#web/ui/theme.tsx";
import { HelpButton } from "./help.tsx";
import { crumbsOf, placeOf } from "./navigation.ts";
import { Rail } from "./rail.tsx";
import { UserMenu, type UserView } from "./user-menu.tsx";

export function Shell({ orgs, user, children }: { orgs: OrganizationView[]; user: UserView; children: ReactNode }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const projects = useQuery(trpc.projects.names.queryOptions({ orgSlug })).data ?? [];
  return (
    <div className="min-h-dvh lg:grid lg:grid-cols-[224px_minmax(0,1fr)]">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        Skip to the page
      </a>
      <aside aria-label="Navigation" className="sticky top-0 hidden h-dvh border-r border-line bg-surface lg:block">
        <Rail orgs={orgs} projects={projects} />
      </aside>
      <div className="min-w-0">
        <TopBar orgs={orgs} projects={projects} user={user} />
        <main id="main" tabIndex={-1} className="mx-auto max-w-[1500px] px-3 py-4 outline-none sm:px-5">
          {children}
        </main>
      </div>
    </div>
  );
}

function TopBar({ orgs, projects, user }: { orgs: OrganizationView[]; projects: ProjectName[]; user: UserView }) {
  const pathname = usePathname();
  const crumbs = crumbsOf(pathname, (slug) => projects.find((project) => project.slug === slug)?.name ?? slug);
  return (
    <header className="sticky top-0 z-30 flex h-12 items-center gap-2 border-b border-line bg-surface px-3 sm:px-5">
      <Drawer orgs={orgs} projects={projects} />
      <nav aria-label="Breadcrumb" className="min-w-0 flex-1">
        <ol className="flex min-w-0 items-center gap-1 text-sm">
          {crumbs.map((crumb, index) => {
            const last = index === crumbs.length - 1;
            return (
              <Fragment key={crumb.href}>
                {index === 0 ? null : (
                  <li aria-hidden className="hidden text-ink-3 sm:block">
                    <ChevronRight className="size-3.5" />
                  </li>
                )}
                <li className={last ? "min-w-0 truncate" : "hidden min-w-0 truncate sm:block"}>
                  {last ? (
                    <span aria-current="page" className="font-medium">
                      {crumb.label}
                    </span>
                  ) : (
                    <Link href={crumb.href} className="text-ink-2 hover:text-ink hover:underline">
                      {crumb.label}
                    </Link>
                  )}
                </li>
              </Fragment>
            );
          })}
        </ol>
      </nav>
      <Palette projects={projects} projectSlug={placeOf(pathname).projectSlug} />
      <HelpButton />
      <ThemeMenu />
      <UserMenu user={user} />
    </header>
  );
}

function Drawer({ orgs, projects }: { orgs: OrganizationView[]; projects: ProjectName[] }) {
  const pathname = usePathname();
  const [open, setOpen] = useState(false);
  useEffect(() => setOpen(false), [pathname]);
  return (
    <Radix.Root open={open} onOpenChange={setOpen}>
      <Radix.Trigger asChild>
        <IconButton label="Menu" className="-ml-1 lg:hidden">
          <MenuIcon aria-hidden />
        </IconButton>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/45 lg:hidden" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed inset-y-0 left-0 z-50 w-64 border-r border-line bg-surface shadow-float lg:hidden"
        >
          <Radix.Title className="sr-only">Navigation</Radix.Title>
          <Rail orgs={orgs} projects={projects} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}
