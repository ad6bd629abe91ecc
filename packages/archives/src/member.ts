/** One file inside an archive, as every kind of archive offers it to unpack.ts. */

export type Member = {
  /** As the archive states it; never used as a path on disk. */
  name: string;
  /** Bytes of the content and of its packed form; null when the archive does not say. */
  sizeBytes: number | null;
  packedBytes: number | null;
  /** The content; asked for at most once, before the next member. Members that are not asked for are passed over. */
  content(): AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;
};

/** An archive with more is refused. */
export const maxArchiveMembers = 10_000;

/** Files of an archive in its own order, folders and links left out. Throws FormatError when it cannot be read. */
export type Walk = (path: string) => AsyncGenerator<Member, void, void>;
