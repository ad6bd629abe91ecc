/** Starts and supervises a whole Salvage: `npm start` is main.ts; tests and tools use startSystem. */
export { appCommand } from "./app-command.ts";
export { awaitDemoReport, type DemoTarget, demoFiles, minidumpUrl, postDemoCrash, uploadDemoSymbols } from "./demo.ts";
export { databaseName, defaultHome, type LauncherEnv, readLauncherEnv, repositoryRoot } from "./env.ts";
export { StartError } from "./errors.ts";
export { type Home, openHome } from "./home.ts";
export { type RunningSystem, type SystemOptions, startSystem } from "./system.ts";
export { findTemporal } from "./temporal/binary.ts";
