/** The first minutes of a project: send a crash, upload debug files, invite the team. */
export { FirstSteps } from "./first-steps.tsx";
