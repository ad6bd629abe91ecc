/** Inputs and outputs of every procedure, for components (type only: importing this brings no server code). */
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import type { AppRouter } from "./routers/index.ts";

export type { AppRouter } from "./routers/index.ts";
export type RouterInputs = inferRouterInputs<AppRouter>;
export type RouterOutputs = inferRouterOutputs<AppRouter>;
