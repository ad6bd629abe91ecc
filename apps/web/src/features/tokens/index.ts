/** API tokens of the organization, for CI and scripts. */
export { Tokens } from "./tokens.tsx";
