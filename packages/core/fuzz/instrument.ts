/** Counts edges and watches comparisons in core while it is fuzzed. Loaded with `--import`; the work is done on the loaders' thread. */
import { register } from "node:module";

register("./instrument-loader.ts", import.meta.url);
