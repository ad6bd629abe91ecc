"use client";
/** Switches between organizations and between projects. */
import type { OrganizationView, ProjectName } from "@salvage/contracts";
import { Check, ChevronsUpDown, LayoutGrid, Plus } from "lucide-react";
import { useRouter } from "next/navigation";
import { paths } from "#web/features/workspace/index.ts";
import { Menu, MenuItem, MenuLabel, MenuSeparator } from "#web/ui/menu.tsx";
import { Logo } from "./logo.tsx";

const trigger = "flex w-full min-w-0 items-center gap-2 rounded-md px-2 text-left hover:bg-sunken";

export function OrgSwitch({ orgs, orgSlug }: { orgs: OrganizationView[]; orgSlug: string }) {
  const router = useRouter();
  const current = orgs.find((org) => org.slug === orgSlug);
  return (
    <Menu
      label="Organizations"
      trigger={
        <button type="button" className={`${trigger} h-11`}>
          <Logo className="size-6 shrink-0 text-accent" />
          <span className="min-w-0 flex-1 truncate font-semibold">
            <span className="sr-only">Organization: </span>
            {current?.name ?? orgSlug}
          </span>
          <ChevronsUpDown aria-hidden className="size-3.5 shrink-0 text-ink-3" />
        </button>
      }
    >
      <MenuLabel>Organizations</MenuLabel>
      {orgs.map((org) => (
        <MenuItem key={org.id} onSelect={() => router.push(paths.org(org.slug))}>
          <span className="min-w-0 flex-1 truncate">{org.name}</span>
          {org.slug === orgSlug ? <Check aria-label="current" /> : null}
        </MenuItem>
      ))}
    </Menu>
  );
}

export function ProjectSwitch({
  projects,
  orgSlug,
  projectSlug,
}: {
  projects: ProjectName[];
  orgSlug: string;
  projectSlug: string | null;
}) {
  const router = useRouter();
  const current = projects.find((project) => project.slug === projectSlug);
  return (
    <Menu
      label="Projects"
      trigger={
        <button type="button" className={`${trigger} h-9 border border-line bg-surface`}>
          <span className={current === undefined ? "min-w-0 flex-1 truncate text-ink-3" : "min-w-0 flex-1 truncate font-medium"}>
            <span className="sr-only">Project: </span>
            {current?.name ?? projectSlug ?? "Choose a project"}
          </span>
          <ChevronsUpDown aria-hidden className="size-3.5 shrink-0 text-ink-3" />
        </button>
      }
    >
      {projects.map((project) => (
        <MenuItem key={project.slug} onSelect={() => router.push(paths.project(orgSlug, project.slug))}>
          <span className="min-w-0 flex-1 truncate">{project.name}</span>
          {project.slug === projectSlug ? <Check aria-label="current" /> : null}
        </MenuItem>
      ))}
      {projects.length === 0 ? null : <MenuSeparator />}
      <MenuItem onSelect={() => router.push(paths.org(orgSlug))}>
        <LayoutGrid aria-hidden /> All projects
      </MenuItem>
      <MenuItem onSelect={() => router.push(paths.newProject(orgSlug))}>
        <Plus aria-hidden /> New project
      </MenuItem>
    </Menu>
  );
}
