/** The one error every reader in core may throw: what was being read, where, and why it failed. */

/**
 * Input that is not what its format says. `format` names the thing being read ("minidump: ThreadList entry"), `offset` is the
 * position in the whole file (null when no single place is at fault), `reason` says what was found.
 * Message: `minidump: ThreadList entry at 0x1f40: need 48 bytes, 12 left`.
 */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly format: string;
  readonly offset: number | null;
  readonly reason: string;

  constructor(format: string, offset: number | null, reason: string) {
    super(offset === null ? `${format}: ${reason}` : `${format} at 0x${offset.toString(16)}: ${reason}`);
    this.format = format;
    this.offset = offset;
    this.reason = reason;
  }
}
