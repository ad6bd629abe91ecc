/** Which modules count as the team's own on a laptop: the server's rule, with the symbols at hand in the place of what was uploaded. */
import type { ProcessOptions } from "@salvage/core";
import { ownModules, stemsOf } from "@salvage/core/own-modules";

/** @param names base names of the debug files at hand */
export function ownRule(names: Iterable<string>): ProcessOptions["own"] {
  const rule = { uploadedStems: stemsOf(names), ownPatterns: [], notOwnPatterns: [] };
  return (module) => {
    const main = module.isMain ? module : module.mainModule;
    const both = main === null || module.isMain ? [module] : [main, module];
    return ownModules(both, main === null ? null : 0, rule).at(-1) ?? false;
  };
}
