/** Every limit of ingest, with its unit in its name. The first group is set by the operator; the second has a reason beside it. */

export type OperatorLimits = {
  /** Plain bytes of one minidump. */
  maxDumpBytes: number;
  /** Bytes of one minidump post: on the wire, and again after inflating. */
  maxRequestBytes: number;
  maxDebugFileBytes: number;
  /** Of one file beside the dump, and how many of them; more are left out and named with the crash. */
  maxAttachmentBytes: number;
  maxAttachments: number;
  /** Below this, nothing is taken in. */
  minFreeDiskBytes: number;
  /** Per client key that has no rate of its own. */
  defaultRateLimitPerMinute: number;
  /** Of all keys of a project, of all projects of an organization; 0 = none. */
  projectRateLimitPerMinute: number;
  organizationRateLimitPerMinute: number;
  /** The most that an organization may store; 0 = no limit. */
  organizationStorageBytes: number;
};

export const limits = {
  /** A form has tens of fields; Crashpad sends a few hundred annotations at most. */
  maxParts: 2_000,
  /** Fields are held in memory and stored in the row. */
  maxFieldsBytes: 1024 * 1024,
  /** Files with event data (event-files.ts), as large as Sentry takes an event, and how many of them. */
  maxEventFileBytes: 1024 * 1024,
  maxEventFiles: 4,
  /** A file that comes in pieces; dumps with a whole heap are that large. */
  maxResumableBytes: 2 * 1024 * 1024 * 1024,
  /** Of one project's files that are on their way. */
  maxOpenResumables: 1_000,
  maxOpenResumableBytes: 8 * 1024 * 1024 * 1024,
  /** What is durable of a broken upload is cut at these. */
  resumablePartBytes: 32 * 1024 * 1024,
  /** An envelope has tens of items. */
  maxItems: 500,
  maxItemHeaderBytes: 64 * 1024,
  /** An event, without its files. */
  maxEventBytes: 1024 * 1024,
  /** One log of App Center without its attachment: stacks of all threads at most. */
  maxLogBytes: 1024 * 1024,
  /** Attachments of one call of App Center. */
  maxHeldFiles: 100,
  /** A sender that pauses longer is gone or means harm. */
  maxIdleMs: 30_000,
  /** Crashpad gives up after 60 s; a 200 MiB dump at 3 Mbit/s takes about this long. */
  maxMinidumpBodyMs: 10 * 60_000,
  /** A 2 GiB debug file at 3 Mbit/s takes 1.6 h. */
  maxDebugFileBodyMs: 2 * 60 * 60_000,
  /** Debug files come in chunks of so many bytes: a power of two, as sentry-cli up to 2.39 wants it. */
  chunkBytes: 8 * 1024 * 1024,
  /** Chunks of one request, as many bytes of them, and requests at once that a client is asked to keep to. */
  chunksPerRequest: 64,
  maxChunkRequestBytes: 32 * 1024 * 1024,
  chunkRequestsAtOnce: 4,
  /** A list of files and their chunks: 2,000 files of 2 GB have about this much. */
  maxAssembleBytes: 32 * 1024 * 1024,
  /** JSON of other calls that bring debug files. */
  maxJsonBytes: 1024 * 1024,
  maxHeadersMs: 20_000,
  /** Longer than the idle time of the usual reverse proxies, so that they close first. */
  keepAliveMs: 75_000,
  /** How soon a disabled key stops working. */
  keyCacheMs: 5_000,
  /** Keys remembered; project and key come from outside. */
  maxCachedKeys: 10_000,
  refusalFlushMs: 1_000,
  /** Between two writes of drops, whose senders wait for them: a flood costs so few writes that nobody else notices. */
  refusalPauseMs: 20,
  diskCheckMs: 1_000,
  /** How long a write that found no room in the database counts. */
  databaseFullMs: 10_000,
  shutdownMs: 10_000,
} as const;
