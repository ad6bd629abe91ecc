/** The addresses that clients post to, made of the public address, a project and one of its client keys. */

export type ClientUrls = {
  dsn: string;
  minidump: string;
  /** App Center's SDKs: where they send, and the client key in the form of their app secret. */
  appCenterLogs: string;
  appSecret: string;
};

/** @param crashUrl public address, without a slash at its end; may have a path */
export function clientUrls(crashUrl: string, projectId: string, publicKey: string): ClientUrls {
  const url = new URL(crashUrl);
  const path = url.pathname === "/" ? "" : url.pathname.replace(/\/$/, "");
  return {
    dsn: `${url.protocol}//${publicKey}@${url.host}${path}/${projectId}`,
    minidump: `${url.origin}${path}/api/${projectId}/minidump/?sentry_key=${publicKey}`,
    appCenterLogs: `${url.origin}${path}/logs?api-version=1.0.0`,
    appSecret: publicKey.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"),
  };
}
