/** An address that leads nowhere, or to something that is not for this user: both look the same. */
import { BackHomeLink, SimpleFrame } from "#web/features/shell/index.ts";

export default function NotFound() {
  return (
    <SimpleFrame title="Not found" description="There is nothing at this address, or it is not yours to see. It may have been deleted.">
      <BackHomeLink />
    </SimpleFrame>
  );
}
