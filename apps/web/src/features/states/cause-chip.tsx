/** The cause in a few words, e.g. "null read". */
import { Badge } from "#web/ui/badge.tsx";

export function CauseChip({ cause }: { cause: string | null }) {
  return cause === null ? null : (
    <Badge title={cause} className="max-w-56">
      {cause}
    </Badge>
  );
}
