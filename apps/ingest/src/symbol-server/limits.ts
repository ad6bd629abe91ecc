/** Limits of the symbol server, each with its reason. */

export const symbolLimits = {
  /** Requests per token and minute. A debugger asks for each of some hundred modules under five names. */
  requestsPerMinute: 6_000,
  /** A client that takes nothing for so long is gone. */
  maxIdleMs: 60_000,
  /** Texts of lookup files made at the same time; each takes a process. */
  maxTexts: 2,
  /** Requests that wait for such a text; those beyond are sent away for a while. */
  maxWaitingTexts: 32,
  maxWaitMs: 30_000,
  /** Heap of a process that makes a text; it needs a fraction. */
  textHeapMegabytes: 512,
  /** Larger files go as they are even to clients that would unpack them: such a file can be continued after a break. */
  maxPackedBytes: 64 * 1024 * 1024,
  /** Smaller ones are not worth packing. */
  minPackedBytes: 1_024,
  /** Files of one id that are looked into for what was asked. */
  maxFilesLookedInto: 8,
} as const;
