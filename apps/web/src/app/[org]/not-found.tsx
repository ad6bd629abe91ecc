/** Something of this organization that is not there. */
import { SearchX } from "lucide-react";
import { BackHomeLink } from "#web/features/shell/index.ts";
import { EmptyState } from "#web/ui/page.tsx";

export default function OrgNotFound() {
  return (
    <EmptyState icon={SearchX} title="Not found" actions={<BackHomeLink />}>
      There is nothing at this address. It may have been deleted, or moved to another issue.
    </EmptyState>
  );
}
