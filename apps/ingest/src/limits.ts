/** Every limit of ingest, with its unit in its name. The first group is set by the operator; the second has a reason beside it. */

export type OperatorLimits = {
  /** Plain bytes of one minidump. */
  maxDumpBytes: number;
  /** Bytes of one minidump post: on the wire, and again after inflating. */
  maxRequestBytes: number;
  maxDebugFileBytes: number;
  /** Below this, nothing is taken in. */
  minFreeDiskBytes: number;
  /** Per client key that has no rate of its own. */
  defaultRateLimitPerMinute: number;
};

export const limits = {
  /** A form has tens of fields; Crashpad sends a few hundred annotations at most. */
  maxParts: 2_000,
  /** Fields are held in memory and stored in the row. */
  maxFieldsBytes: 1024 * 1024,
  /** Logs and screenshots; more are left out and named in the crash's extra data. */
  maxAttachments: 20,
  maxAttachmentBytes: 20 * 1024 * 1024,
  maxAttachmentsBytes: 50 * 1024 * 1024,
  /** A sender that pauses longer is gone or means harm. */
  maxIdleMs: 30_000,
  /** Crashpad gives up after 60 s; a 200 MiB dump at 3 Mbit/s takes about this long. */
  maxMinidumpBodyMs: 10 * 60_000,
  /** A 2 GiB debug file at 3 Mbit/s takes 1.6 h. */
  maxDebugFileBodyMs: 2 * 60 * 60_000,
  maxHeadersMs: 20_000,
  /** Longer than the idle time of the usual reverse proxies, so that they close first. */
  keepAliveMs: 75_000,
  /** How soon a disabled key stops working. */
  keyCacheMs: 5_000,
  /** Keys remembered; project and key come from outside. */
  maxCachedKeys: 10_000,
  refusalFlushMs: 1_000,
  diskCheckMs: 1_000,
  shutdownMs: 10_000,
} as const;
