/** The settings' title and tabs. */
import type { ReactNode } from "react";
import { SettingsTabs } from "#web/features/settings/index.ts";
import { PageHeader } from "#web/ui/page.tsx";

export default async function SettingsLayout({
  params,
  children,
}: {
  params: Promise<{ org: string; project: string }>;
  children: ReactNode;
}) {
  const { project } = await params;
  return (
    <>
      <PageHeader title="Settings" />
      <div className="space-y-4">
        <SettingsTabs projectSlug={project} />
        {children}
      </div>
    </>
  );
}
