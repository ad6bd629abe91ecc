/**
 * Bundles the command line for npm: `dist/salvage.js`, one file for Node 20 and later with everything inside, beside it the WebAssembly that
 * three libraries read at run time, and LICENSES.txt with the licences of what is in the bundle. The installation's own commands
 * (src/declare/installation.ts) stay out: they need the clone.
 */
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Metafile, type Plugin } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");

/** In the sources codecs are required at run time by name, so that they load late; a bundler must see a plain `require`. */
const lateCodecs: Plugin = {
  name: "late-codecs",
  setup({ onLoad }) {
    onLoad({ filter: /packages[\\/]cli[\\/]src[\\/]ports\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      const contents = text.replace('createRequire(import.meta.url)("@salvage/codecs")', 'require("@salvage/codecs")');
      if (contents === text) throw new Error(`${path} does not require the codecs as expected`);
      return { contents, loader: "ts" };
    });
  },
};

/** Libraries that read a .wasm file from their own folder find it beside the bundle. */
const wasmFiles = new Set<string>();
const wasmBeside: Plugin = {
  name: "wasm-beside",
  setup({ onLoad }) {
    onLoad({ filter: /node_modules[\\/].*\.js$/ }, ({ path }) => {
      const folder = dirname(path);
      for (const name of readdirSync(folder)) if (name.endsWith(".wasm")) wasmFiles.add(join(folder, name));
      return null;
    });
  },
};

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });
const { metafile } = await build({
  entryPoints: [join(root, "src/npm.ts")],
  outfile: join(dist, "salvage.js"),
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  metafile: true,
  plugins: [lateCodecs, wasmBeside],
  // CommonJS libraries inside ask for these.
  banner: {
    js: [
      "#!/usr/bin/env node",
      'import { createRequire as salvageRequire } from "node:module";',
      'import { dirname as salvageDirname } from "node:path";',
      'import { fileURLToPath as salvagePath } from "node:url";',
      "const require = salvageRequire(import.meta.url), __filename = salvagePath(import.meta.url), __dirname = salvageDirname(__filename);",
    ].join("\n"),
  },
});
for (const path of wasmFiles) copyFileSync(path, join(dist, basename(path)));
chmodSync(join(dist, "salvage.js"), 0o755);
writeFileSync(join(dist, "LICENSES.txt"), licences(metafile));

/** The licence texts of the packages that have a file in the bundle. */
function licences({ inputs }: Metafile): string {
  const folders = new Set<string>();
  for (const input of Object.keys(inputs)) {
    const inside = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input.replaceAll("\\", "/"))?.[1];
    if (inside !== undefined) folders.add(join(process.cwd(), inside));
  }
  const texts = [...folders].sort().map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, string>;
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const text = file === undefined ? `Licence: ${license}` : readFileSync(join(folder, file), "utf8").trim();
    return `${name} ${version}\n\n${text}\n`;
  });
  return texts.join(`\n${"─".repeat(80)}\n\n`);
}

console.log(`${relative(process.cwd(), dist)}: salvage.js and ${wasmFiles.size} WebAssembly files`);
