/** While a page of the organization loads. */
import { Skeleton, TableSkeleton } from "#web/ui/page.tsx";

export default function Loading() {
  return (
    <div>
      <Skeleton className="mb-4 h-6 w-48" />
      <TableSkeleton />
    </div>
  );
}
