"use client";
/** The rules behind ignored files: patterns and versions, each can be deleted. */
import { useQuery } from "@tanstack/react-query";
import { Trash2 } from "lucide-react";
import { useDisabledReason, useOrg } from "#web/features/workspace/index.ts";
import { useTRPC } from "#web/server/trpc-client.tsx";
import { Badge } from "#web/ui/badge.tsx";
import { IconButton } from "#web/ui/button.tsx";
import { Panel } from "#web/ui/page.tsx";
import { RelativeTime } from "#web/ui/relative-time.tsx";
import { useIgnore } from "./use-ignore.ts";

export function IgnoreRules({ projectSlug }: { projectSlug: string }) {
  const trpc = useTRPC();
  const { orgSlug } = useOrg();
  const mayWrite = useDisabledReason("crash:write");
  const rules = useQuery(trpc.ignoreRules.list.queryOptions({ orgSlug, projectSlug }));
  const { deleteRule } = useIgnore();
  if (rules.data === undefined || rules.data.length === 0) return null;
  return (
    <Panel title="Rules" description="New files that match are ignored as they appear." bodyClass="p-0">
      <ul>
        {rules.data.map((rule) => {
          const value = rule.pattern ?? rule.version ?? "";
          return (
            <li key={rule.id} className="flex items-center gap-3 border-b border-line px-4 py-1.5 last:border-b-0">
              <Badge>{rule.pattern === null ? "version" : "pattern"}</Badge>
              <code className="min-w-0 truncate">{value}</code>
              <span className="ml-auto hidden text-sm text-ink-3 sm:inline">
                {rule.createdBy}, <RelativeTime at={rule.createdAt} />
              </span>
              <IconButton
                label={`Delete the rule ${value}`}
                disabledReason={mayWrite}
                busy={deleteRule.isPending}
                onClick={() => deleteRule.mutate({ orgSlug, ruleId: rule.id })}
              >
                <Trash2 aria-hidden />
              </IconButton>
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}
