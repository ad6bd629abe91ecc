/**
 * code_id: the native id of a code file. PE: time stamp (8 hex, padded) + size of image (hex, not padded);
 * ELF: the whole build id in lower hex; Mach-O: the UUID in hex. Compared without case.
 */

/** The PE form, as `minidump-stackwalk` prints it: `5ab38077` + `9000`. */
export function peCodeId(timestamp: number, sizeOfImage: number): string {
  return timestamp.toString(16).padStart(8, "0") + sizeOfImage.toString(16);
}

/** Lower hex without blanks and hyphens, for comparing; null when nothing is left or it is not hex. */
export function normalizeCodeId(text: string): string | null {
  const plain = text.replace(/[\s-]/g, "").toLowerCase();
  return /^[0-9a-f]+$/.test(plain) && !/^0+$/.test(plain) ? plain : null;
}
