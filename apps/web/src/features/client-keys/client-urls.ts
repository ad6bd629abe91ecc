/** The addresses that clients post to, made of the public origin, a project and one of its client keys. */

export type ClientUrls = { dsn: string; minidump: string };

/** @param publicUrl origin without a trailing slash, e.g. http://localhost:4680 */
export function clientUrls(publicUrl: string, projectId: string, publicKey: string): ClientUrls {
  const url = new URL(publicUrl);
  const path = url.pathname === "/" ? "" : url.pathname.replace(/\/$/, "");
  return {
    dsn: `${url.protocol}//${publicKey}@${url.host}${path}/${projectId}`,
    minidump: `${url.origin}${path}/api/${projectId}/minidump/?sentry_key=${publicKey}`,
  };
}
