/** A new project. */
import type { Metadata } from "next";
import { NewProject } from "#web/features/projects/index.ts";
import { PageHeader } from "#web/ui/page.tsx";

export const metadata: Metadata = { title: "New project" };

export default function NewProjectPage() {
  return (
    <>
      <PageHeader title="New project" description="A project stands for one program that you ship." />
      <NewProject />
    </>
  );
}
