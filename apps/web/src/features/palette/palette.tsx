"use client";
/** Goes anywhere: pages, projects, issues by signature, a crash by its id. */
import { type ProjectName, roleMay } from "@salvage/contracts";
import { skipToken, useQuery } from "@tanstack/react-query";
import { Command } from "cmdk";
import { Bug, CornerDownLeft, FileText, Layers, LayoutGrid, type LucideIcon, Search } from "lucide-react";
import { useRouter } from "next/navigation";
import { Dialog as Radix } from "radix-ui";
import { type ReactNode, useEffect, useState } from "react";
import { paths, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Kbd } from "#web/ui/page.tsx";
import { useDebounced } from "#web/ui/use-debounced.ts";
import { crashIdIn } from "./crash-id.ts";

export function Palette({ projects, projectSlug }: { projects: ProjectName[]; projectSlug: string | null }) {
  const [open, setOpen] = useState(false);
  useEffect(() => {
    function onKey(event: KeyboardEvent) {
      if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        setOpen((was) => !was);
      }
    }
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <Radix.Root open={open} onOpenChange={setOpen}>
      <Radix.Trigger asChild>
        <button
          type="button"
          className="flex h-8 items-center gap-2 rounded-md border border-line bg-canvas px-2 text-sm text-ink-3 hover:border-line-strong hover:text-ink md:w-56"
        >
          <Search aria-hidden className="size-4" />
          <span className="sr-only flex-1 text-left md:not-sr-only">Go to…</span>
          <span aria-hidden className="hidden md:inline">
            <Kbd>Ctrl K</Kbd>
          </span>
        </button>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-black/45" />
        <Radix.Content
          aria-describedby={undefined}
          className="fixed top-[14vh] left-1/2 z-50 w-[calc(100vw-24px)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl border border-line bg-raised shadow-float"
        >
          <Radix.Title className="sr-only">Go to</Radix.Title>
          <PaletteBody projects={projects} projectSlug={projectSlug} onDone={() => setOpen(false)} />
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

function PaletteBody({ projects, projectSlug, onDone }: { projects: ProjectName[]; projectSlug: string | null; onDone(): void }) {
  const trpc = useTRPC();
  const router = useRouter();
  const { orgSlug } = useOrg();
  const [text, setText] = useState("");
  const search = useDebounced(text.trim(), 200);
  const project = projectSlug ?? projects[0]?.slug ?? null;
  const crashId = crashIdIn(search);
  const issues = useQuery(
    trpc.issues.list.queryOptions(
      project !== null && search.length >= 2 && crashId === null ? { orgSlug, projectSlug: project, search } : skipToken,
    ),
  );
  const crash = useQuery(trpc.crashes.byId.queryOptions(crashId === null ? skipToken : { orgSlug, crashId }, { retry: false }));
  const go = (href: string) => () => {
    onDone();
    router.push(href);
  };
  const found = crash.data;
  return (
    <Command label="Go to" loop>
      <div className="flex items-center gap-2 border-b border-line px-3">
        <Search aria-hidden className="size-4 shrink-0 text-ink-3" />
        <Command.Input
          value={text}
          onValueChange={setText}
          placeholder="Project, page, signature, or crash id"
          className="h-11 w-full bg-transparent outline-none placeholder:text-ink-3 focus-visible:outline-none"
        />
      </div>
      <Command.List className="max-h-[50vh] overflow-y-auto p-1.5">
        <Command.Empty className="px-3 py-6 text-center text-ink-3">
          {issues.isFetching || crash.isFetching
            ? "Looking…"
            : crashId === null
              ? "Nothing matches."
              : "No crash of this organization has that id."}
        </Command.Empty>
        {found === undefined || crashId === null ? null : (
          <Group heading="Crash">
            <Item value={`${text} ${crashId}`} icon={Bug} onSelect={go(paths.crash(orgSlug, found.projectSlug, found.id))}>
              <code className="truncate">{found.signature ?? found.id}</code>
            </Item>
          </Group>
        )}
        {project === null || issues.data === undefined || issues.data.items.length === 0 ? null : (
          <Group heading="Issues">
            {issues.data.items.slice(0, 8).map((issue) => (
              <Item
                key={issue.id}
                value={`${search} ${issue.signature} ${issue.id}`}
                icon={Layers}
                onSelect={go(paths.issue(orgSlug, project, issue.id))}
              >
                <code className="truncate">{issue.signature}</code>
              </Item>
            ))}
          </Group>
        )}
        {project === null ? null : (
          <Group heading={projects.find((each) => each.slug === project)?.name ?? project}>
            <Item value="issues" icon={FileText} onSelect={go(paths.issues(orgSlug, project))}>
              Issues
            </Item>
            <Item value="crashes" icon={FileText} onSelect={go(paths.crashes(orgSlug, project))}>
              Crashes
            </Item>
            <Item value="processing issues missing files" icon={FileText} onSelect={go(paths.processingIssues(orgSlug, project))}>
              Processing Issues
            </Item>
            <Item value="first steps snippets" icon={FileText} onSelect={go(paths.firstSteps(orgSlug, project))}>
              First steps
            </Item>
            <Item value="settings" icon={FileText} onSelect={go(paths.settings(orgSlug, project))}>
              Settings
            </Item>
            <Item value="client keys dsn minidump url" icon={FileText} onSelect={go(paths.settings(orgSlug, project, "client-keys"))}>
              Client keys
            </Item>
            <Item value="webhooks" icon={FileText} onSelect={go(paths.settings(orgSlug, project, "webhooks"))}>
              Webhooks
            </Item>
            <Item value="limits rates sizes storage quota" icon={FileText} onSelect={go(paths.settings(orgSlug, project, "limits"))}>
              Limits
            </Item>
            <Item value="drop log refusals" icon={FileText} onSelect={go(paths.settings(orgSlug, project, "refusals"))}>
              Drop log
            </Item>
          </Group>
        )}
        <Group heading="Projects">
          {projects.map((each) => (
            <Item
              key={each.slug}
              value={`project ${each.name} ${each.slug}`}
              icon={LayoutGrid}
              onSelect={go(paths.project(orgSlug, each.slug))}
            >
              {each.name}
            </Item>
          ))}
          <Item value="all projects" icon={LayoutGrid} onSelect={go(paths.org(orgSlug))}>
            All projects
          </Item>
          <Item value="new project create" icon={LayoutGrid} onSelect={go(paths.newProject(orgSlug))}>
            New project
          </Item>
        </Group>
        <OrgPages go={go} />
      </Command.List>
    </Command>
  );
}

function OrgPages({ go }: { go(href: string): () => void }) {
  const { orgSlug, role } = useOrg();
  const admin = roleMay(role, "organization:admin");
  return (
    <Group heading="Organization">
      <Item value="debug files symbols upload" icon={FileText} onSelect={go(paths.debugFiles(orgSlug))}>
        Debug files
      </Item>
      <Item value="members roles invite" icon={FileText} onSelect={go(paths.members(orgSlug))}>
        Members
      </Item>
      {admin ? (
        <>
          <Item value="api tokens" icon={FileText} onSelect={go(paths.tokens(orgSlug))}>
            API tokens
          </Item>
          <Item value="audit log" icon={FileText} onSelect={go(paths.audit(orgSlug))}>
            Audit log
          </Item>
        </>
      ) : null}
      <Item value="account password sessions" icon={FileText} onSelect={go(paths.account())}>
        Your account
      </Item>
    </Group>
  );
}

function Group({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Command.Group
      heading={heading}
      className="[&_[cmdk-group-heading]]:px-2 [&_[cmdk-group-heading]]:pt-2 [&_[cmdk-group-heading]]:pb-1 [&_[cmdk-group-heading]]:text-xs [&_[cmdk-group-heading]]:font-medium [&_[cmdk-group-heading]]:text-ink-3"
    >
      {children}
    </Command.Group>
  );
}

function Item({ value, icon: Icon, onSelect, children }: { value: string; icon: LucideIcon; onSelect(): void; children: ReactNode }) {
  return (
    <Command.Item
      value={value}
      onSelect={onSelect}
      className="group flex h-8 min-w-0 cursor-pointer items-center gap-2.5 rounded-md px-2 data-[selected=true]:bg-accent-soft"
    >
      <Icon aria-hidden className="size-4 shrink-0 text-ink-3" />
      <span className="flex min-w-0 flex-1">{children}</span>
      <CornerDownLeft aria-hidden className="size-3.5 shrink-0 text-ink-3 opacity-0 group-data-[selected=true]:opacity-100" />
    </Command.Item>
  );
}
