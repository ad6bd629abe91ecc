/** The `salvage` commands in docs/ci.md, each as a shell line or a script that can be run here. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "@salvage/launcher";

/** `heading`: of the section. `script`: for sh, in a folder with `build/`. */
export type Snippet = { heading: string; script: string };

/** What stands in the snippets for folders of a build system. */
const places: readonly [RegExp, string][] = [
  [/\$<TARGET_FILE_DIR:\w+>/g, "build"],
  [/\$<TARGET_FILE:\w+>/g, "build/app.stripped"],
  [/"?\$buildDir\/[\w/]+"?/g, "build"],
  [/build\\Release/g, "build"],
];

/** Every section of the document has at least one. */
export function ciSnippets(): Snippet[] {
  const text = readFileSync(join(repositoryRoot, "docs/ci.md"), "utf8");
  const sections = text.split(/^## /m).slice(1);
  return sections.flatMap((section) => {
    const heading = section.slice(0, section.indexOf("\n"));
    const blocks = [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)];
    return blocks.flatMap(([, language = "", block = ""]) => scriptsOf(language, block).map((script) => ({ heading, script })));
  });
}

function scriptsOf(language: string, block: string): string[] {
  if (language === "sh") return [block];
  // electron-builder calls the hook with the folder that it packed.
  if (language === "js") return [`node -e '${block}\nmodule.exports.afterPack({ appOutDir: "build" })'`];
  const lines = block.split("\n").flatMap((line) => {
    const words =
      language === "groovy"
        ? /^ *commandLine (.*)$/
            .exec(line)?.[1]
            ?.replaceAll(/',? ?|, /g, " ")
            .replaceAll("'", "")
        : undefined;
    const command = words ?? /(?:^|\s)(salvage \w.*?)(?:\s+VERBATIM\)?)?$/.exec(line)?.[1];
    return command === undefined ? [] : [command.trim()];
  });
  return lines.length === 0 ? [] : [lines.map(inPlace).join("\n")];
}

const inPlace = (line: string) => places.reduce((text, [place, here]) => text.replace(place, here), line);
