/**
 * The one scheme of blob keys. Everything lies under its organization, so that nothing of one tenant can be reached by a key of
 * another, and erasing an organization is erasing a prefix.
 *
 *   org/<organization>/dump/<crash>                                   sealed minidump
 *   org/<organization>/attachment/<crash>/<number>                    sealed attachment, numbered from 0; follows the dump's rule
 *   org/<organization>/chunk/<chunk>                                  piece of a file on its way in
 *   org/<organization>/part/<resumable upload>/<random>               sealed part of a file that comes in pieces
 *   org/<organization>/upload/<upload>                                debug-file upload as it came
 *   org/<organization>/debug-file/<debug file>                        one debug file, taken out of its upload
 *   org/<organization>/symcache/<debug file>.<format version>         lookup file made of it
 *   org/<organization>/report/<crash>/<revision>-<claim>.json.gz      report of one revision; claim = first 8 characters of the claim token
 */

/** Ids in keys: UUIDs and decimal ids; what can be a path segment and nothing else. */
const segment = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const maxKeyLength = 512;

/** Thrown for a key that is not of the scheme's alphabet, before any file is touched. */
export class InvalidBlobKey extends Error {
  override name = "InvalidBlobKey";
}

/**
 * Checks a key: segments of letters, digits, `.`, `_`, `-`, each starting with a letter or digit, joined by `/`. So `..`, empty
 * segments, absolute paths, backslashes and NUL cannot occur.
 * @throws InvalidBlobKey
 */
export function assertBlobKey(key: string): void {
  if (key.length <= maxKeyLength && key.split("/").every((part) => segment.test(part))) return;
  throw new InvalidBlobKey(`not a blob key: ${JSON.stringify(key.slice(0, 120))}`);
}

const build = (...parts: (string | number)[]): string => {
  for (const part of parts) {
    if (!segment.test(String(part))) throw new InvalidBlobKey(`not an id for a blob key: ${JSON.stringify(String(part).slice(0, 120))}`);
  }
  return parts.join("/");
};

export const blobKeys = {
  dump: (organizationId: string, crashId: string) => build("org", organizationId, "dump", crashId),
  attachment: (organizationId: string, crashId: string, number: number) => build("org", organizationId, "attachment", crashId, number),
  chunk: (organizationId: string, chunkId: string) => build("org", organizationId, "chunk", chunkId),
  part: (organizationId: string, resumableId: string, partId: string) => build("org", organizationId, "part", resumableId, partId),
  upload: (organizationId: string, uploadId: string) => build("org", organizationId, "upload", uploadId),
  debugFile: (organizationId: string, debugFileId: string) => build("org", organizationId, "debug-file", debugFileId),
  symcache: (organizationId: string, debugFileId: string, formatVersion: number) =>
    build("org", organizationId, "symcache", `${debugFileId}.${formatVersion}`),
  report: (organizationId: string, crashId: string, revision: number, claimToken: string) =>
    build("org", organizationId, "report", crashId, `${revision}-${claimToken.slice(0, 8)}.json.gz`),
  /** Prefix of everything of an organization, for listing. */
  organizationPrefix: (organizationId: string) => `${build("org", organizationId)}/`,
} as const;

export const blobKinds = ["dump", "attachment", "part", "chunk", "upload", "debug-file", "symcache", "report"] as const;
export type BlobKind = (typeof blobKinds)[number];

/**
 * What a key says about itself, for the collection of orphans.
 * @returns organization, kind and the id of the row it belongs to (crash, resumable upload, chunk, upload or debug file); null for a key of another scheme
 */
export function parseBlobKey(key: string): { organizationId: string; kind: BlobKind; ownerId: string } | null {
  const [root, organizationId, kind, owner, ...rest] = key.split("/");
  const known = blobKinds.find((name) => name === kind);
  if (root !== "org" || organizationId === undefined || known === undefined || owner === undefined) return null;
  const nested = known === "attachment" || known === "part" || known === "report";
  if (rest.length !== (nested ? 1 : 0)) return null;
  return { organizationId, kind: known, ownerId: known === "symcache" ? owner.replace(/\.\d+$/, "") : owner };
}
