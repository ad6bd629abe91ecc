"use client";
/** The parts of a project's settings, each with its own address. */
import { usePathname } from "next/navigation";
import { paths, useOrg } from "#web/features/workspace/index.ts";
import { LinkTabs } from "#web/ui/tabs.tsx";

export function SettingsTabs({ projectSlug }: { projectSlug: string }) {
  const { orgSlug } = useOrg();
  const here = usePathname();
  const tabs = [
    { href: paths.settings(orgSlug, projectSlug), label: "General" },
    { href: paths.settings(orgSlug, projectSlug, "client-keys"), label: "Client keys" },
    { href: paths.settings(orgSlug, projectSlug, "webhooks"), label: "Webhooks" },
    { href: paths.settings(orgSlug, projectSlug, "limits"), label: "Limits" },
    { href: paths.settings(orgSlug, projectSlug, "refusals"), label: "Drop log" },
  ];
  return <LinkTabs label="Settings" tabs={tabs.map((tab) => ({ ...tab, active: here === tab.href }))} />;
}
