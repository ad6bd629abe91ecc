/** See instrument.ts: strips the types of core's modules and puts in what Jazzer.js's plugins add, calls of the global `Fuzzer` (coverage.ts). */
import { createRequire, type LoadHook, stripTypeScriptTypes } from "node:module";

const require = createRequire(import.meta.url);
const { transformSync } = require("@babel/core");
const plugins = "@jazzer.js/instrumentor/dist/plugins/";
const { esmCodeCoverage } = require(`${plugins}esmCodeCoverage.js`);
const { compareHooks } = require(`${plugins}compareHooks.js`);
const core = new URL("../src/", import.meta.url).href;

export const load: LoadHook = async (url, context, nextLoad) => {
  const loaded = await nextLoad(url, context);
  if (!url.startsWith(core) || loaded.source === undefined || loaded.source === null) return loaded;
  const typed = typeof loaded.source === "string" ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString("utf8");
  const coverage = esmCodeCoverage();
  const options = { sourceType: "module", retainLines: true, compact: true, plugins: [coverage.plugin, compareHooks] };
  const { code } = transformSync(stripTypeScriptTypes(typed), options);
  const source = `const __jazzer_cov = Fuzzer.coverageTracker.createModuleCounters(${coverage.edgeCount()}); ${code}`;
  return { ...loaded, format: "module", source };
};
