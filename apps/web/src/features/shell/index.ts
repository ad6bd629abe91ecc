/** The frame around every page of an organization: rail, top bar, shortcuts. */

export { BackHomeLink } from "./back-home.tsx";
export { Shell } from "./shell.tsx";
export { SimpleFrame } from "./simple-frame.tsx";
