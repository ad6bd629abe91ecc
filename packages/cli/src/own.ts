/** Which modules count as the team's own on a laptop, where nobody uploaded anything: the program and the modules beside it. */
import type { ProcessOptions } from "@salvage/core";

export function ownRule(): ProcessOptions["own"] {
  return (module) =>
    module.isMain ||
    (module.mainModule !== null && folder(module.codeFile) !== "" && folder(module.codeFile) === folder(module.mainModule.codeFile));
}

function folder(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"), 0));
}
