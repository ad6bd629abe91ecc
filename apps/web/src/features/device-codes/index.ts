/** Signing a machine in: the page that `salvage login` leads to. */
export { Activate } from "./activate.tsx";
