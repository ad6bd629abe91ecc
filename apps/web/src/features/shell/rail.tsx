"use client";
/** The left rail: switches, the project's pages, the organization's pages. */
import { type OrganizationView, type ProjectName, roleMay } from "@salvage/contracts";
import {
  Bug,
  CircleDashed,
  FileCode2,
  KeyRound,
  Layers,
  LayoutGrid,
  type LucideIcon,
  Rocket,
  ScrollText,
  Settings,
  Users,
} from "lucide-react";
import Link from "next/link";
import { usePathname } from "next/navigation";
import type { ReactNode } from "react";
import { BlockingBadge } from "#web/features/processing-issues/index.ts";
import { paths, useOrg } from "#web/features/workspace/index.ts";
import { cn } from "#web/ui/cn.ts";
import { placeOf } from "./navigation.ts";
import { OrgSwitch, ProjectSwitch } from "./switchers.tsx";

export function Rail({ orgs, projects }: { orgs: OrganizationView[]; projects: ProjectName[] }) {
  const { orgSlug, role } = useOrg();
  const place = placeOf(usePathname());
  // On the organization's pages the only project stays at hand.
  const project = place.projectSlug ?? (projects.length === 1 ? (projects[0]?.slug ?? null) : null);
  const inProject = (page: string) => place.projectSlug !== null && place.page === page;
  const admin = roleMay(role, "organization:admin");
  return (
    <div className="flex h-full flex-col gap-3 overflow-y-auto p-2.5">
      <div className="space-y-2">
        <OrgSwitch orgs={orgs} orgSlug={orgSlug} />
        <ProjectSwitch projects={projects} orgSlug={orgSlug} projectSlug={project} />
      </div>
      {project === null ? null : (
        <nav aria-label="Project" className="space-y-px">
          <RailLink href={paths.issues(orgSlug, project)} icon={Layers} active={inProject("issues")}>
            Issues
          </RailLink>
          <RailLink href={paths.crashes(orgSlug, project)} icon={Bug} active={inProject("crashes")}>
            Crashes
          </RailLink>
          <RailLink
            href={paths.processingIssues(orgSlug, project)}
            icon={CircleDashed}
            active={inProject("processing-issues")}
            trailing={<BlockingBadge projectSlug={project} />}
          >
            Processing Issues
          </RailLink>
          <RailLink href={paths.firstSteps(orgSlug, project)} icon={Rocket} active={inProject("first-steps")}>
            First steps
          </RailLink>
          <RailLink href={paths.settings(orgSlug, project)} icon={Settings} active={inProject("settings")}>
            Settings
          </RailLink>
        </nav>
      )}
      <nav aria-label="Organization" className="space-y-px">
        <div className="px-2 pt-1 pb-1 text-xs font-medium text-ink-3">Organization</div>
        <RailLink
          href={paths.org(orgSlug)}
          icon={LayoutGrid}
          active={place.projectSlug === null && (place.page === null || place.page === "new-project")}
        >
          Projects
        </RailLink>
        <RailLink href={paths.debugFiles(orgSlug)} icon={FileCode2} active={place.projectSlug === null && place.page === "debug-files"}>
          Debug files
        </RailLink>
        <RailLink href={paths.members(orgSlug)} icon={Users} active={place.projectSlug === null && place.page === "members"}>
          Members
        </RailLink>
        {admin ? (
          <>
            <RailLink href={paths.tokens(orgSlug)} icon={KeyRound} active={place.projectSlug === null && place.page === "tokens"}>
              API tokens
            </RailLink>
            <RailLink href={paths.audit(orgSlug)} icon={ScrollText} active={place.projectSlug === null && place.page === "audit"}>
              Audit log
            </RailLink>
          </>
        ) : null}
      </nav>
    </div>
  );
}

function RailLink({
  href,
  icon: Icon,
  active,
  trailing,
  children,
}: {
  href: string;
  icon: LucideIcon;
  active: boolean;
  trailing?: ReactNode;
  children: ReactNode;
}) {
  return (
    <Link
      href={href}
      aria-current={active ? "page" : undefined}
      className={cn(
        "flex h-8 items-center gap-2.5 rounded-md px-2 text-ink-2 hover:bg-sunken hover:text-ink",
        active && "bg-accent-soft font-medium text-accent hover:bg-accent-soft hover:text-accent",
      )}
    >
      <Icon aria-hidden className="size-4 shrink-0" />
      <span className="min-w-0 flex-1 truncate">{children}</span>
      {trailing}
    </Link>
  );
}
