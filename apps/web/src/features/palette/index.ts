/** The command palette: Ctrl K. */
export { Palette } from "./palette.tsx";
