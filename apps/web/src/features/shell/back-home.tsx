/** The way out of a page that has nothing to show. */
import { ButtonLink } from "#web/ui/button.tsx";

export function BackHomeLink() {
  return (
    <ButtonLink href="/" variant="primary">
      Back to your projects
    </ButtonLink>
  );
}
