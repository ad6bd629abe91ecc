/** A dump: outline and report, without debug files and with names and rules that are partly there and partly wrong. */
import { BufferSource, inspectMinidump, type ProcessOptions, processMinidump, type Report } from "../../src/index.ts";
import { allow } from "../allow.ts";

const nothing: ProcessOptions = { image: () => null, own: (module) => module.isMain };

/** Every second module has files; names in two of three places, rules at odd addresses, whose offset may lead nowhere. */
export const lookups: ProcessOptions = {
  image: (module) =>
    module.index % 2 === 0
      ? {
          names: { lookup: (at) => (at % 3 === 0 ? null : [{ function: "f", functionAddress: at - (at % 16), file: null, line: null }]) },
          unwind: {
            find: (at) =>
              at % 2 === 0
                ? null
                : {
                    cfa: { kind: "register", register: "rsp", offset: (at % 64) - 16 },
                    returnAddress: { kind: "cfaOffset", offset: -8 },
                    registers: new Map(),
                  },
          },
          namesStatus: "found",
          unwindStatus: "found",
        }
      : null,
  own: (module) => module.isMain,
};

/** Outline and report with names and rules; null when the dump is refused. */
export function reportOf(bytes: Uint8Array): Report | null {
  const source = new BufferSource(bytes);
  allow(() => inspectMinidump(source));
  return allow(() => processMinidump(source, lookups));
}

export function fuzz(bytes: Uint8Array): void {
  allow(() => processMinidump(new BufferSource(bytes), nothing));
  reportOf(bytes);
}
