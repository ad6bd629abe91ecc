/** `salvage secret`: a new secret for the installation on this machine. */
import { rotateInstallationSecret } from "@salvage/launcher/rotation";

/** Puts a new secret in the place of the present one, and has a running installation take it. */
export function rotateSecret(): void {
  const url = rotateInstallationSecret();
  process.stderr.write(
    url === null
      ? "The secret was changed. Nothing runs here: the next start takes it.\n"
      : `The secret was changed. ${url} takes it within seconds: posts are refused for about one of them, and everybody signs in again.\n`,
  );
  process.stderr.write("Dumps that are held open with the secret before it, which secrets.json keeps: back that file up again.\n");
}
