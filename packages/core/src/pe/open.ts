/** Unwind rules of a PE image, by its processor. */
import type { ByteSource } from "../bytes/byte-source.ts";
import type { CodeLookup } from "../process-types.ts";
import type { UnwindSource } from "../unwind/rules.ts";
import { functionTableOf } from "./function-table.ts";
import { foreignCode } from "./hybrid-code.ts";
import { machineAmd64, machineArm64, machineArmThumb, PeImage, type PeLayout } from "./image.ts";
import { UnwindArm } from "./unwind-arm.ts";
import { UnwindArm64 } from "./unwind-arm64.ts";
import { UnwindX64 } from "./unwind-x64.ts";

/**
 * Opens the unwind rules of an exe or dll on disk, or of an image as it lay in memory; null for processors that keep them elsewhere (32-bit
 * x86: in the PDB). Throws FormatError for damaged headers.
 */
export function openPeUnwind(source: ByteSource, layout: PeLayout = "file"): UnwindSource | null {
  const image = new PeImage(source, layout);
  switch (image.machine) {
    case machineAmd64:
      return new UnwindX64(image, functionTableOf(image, 3), foreignCode(image));
    case machineArm64:
      return new UnwindArm64(image);
    case machineArmThumb:
      return new UnwindArm(image);
    default:
      return null;
  }
}

/** The code of a PE image, by image-relative address. Throws FormatError for damaged headers. */
export function openPeCode(source: ByteSource): CodeLookup {
  const image = new PeImage(source);
  return {
    read: (relativeAddress, maxBytes) => {
      const bytes = image.isCode(relativeAddress) ? image.upTo(relativeAddress, maxBytes) : new Uint8Array(0);
      return bytes.length === 0 ? null : bytes;
    },
  };
}
