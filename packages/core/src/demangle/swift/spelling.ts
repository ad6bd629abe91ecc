/** How much of a symbol is spelled. */

/**
 * - `simplified`: as `swift demangle -simplified` does: no modules, no conformances, no requirements, no types of variables, thunks by what they are
 *   for. Otherwise everything, as `swift demangle` does.
 * - `parameters`: the types of a function's parameters, their labels (`(a:b:)`), or nothing. Labels when simplified, else types.
 * - `result`: effects and result type behind the parameters. Only full names have them. Crash reporters that list frames by short names use the
 *   simplified spelling with `parameters: "types"` or `"none"`.
 */
export type SwiftSpelling = {
  simplified?: boolean;
  parameters?: "types" | "labels" | "none";
  result?: boolean;
};

export type FullSpelling = Required<SwiftSpelling>;

export function completeSpelling(options: SwiftSpelling): FullSpelling {
  const simplified = options.simplified ?? false;
  return {
    simplified,
    parameters: options.parameters ?? (simplified ? "labels" : "types"),
    result: options.result ?? !simplified,
  };
}
