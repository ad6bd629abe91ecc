/**
 * The procedure builders. Tenancy cannot be forgotten here: the permission is an argument of `orgProcedure`, and what it hands on is an
 * `OrgDb` that knows one organization only. Someone outside the organization is told NOT_FOUND, exactly as when it did not exist;
 * a member without the right is told FORBIDDEN.
 */
import { orgInput, type Permission } from "@salvage/contracts";
import { initTRPC, TRPCError } from "@trpc/server";
import superjson from "superjson";
import { z } from "zod";
import type { Context } from "./context.ts";

/** What a test needs to know of a procedure without calling it. */
export type ProcedureMeta = { access: "public" | "authed" | Permission };

const t = initTRPC
  .context<Context>()
  .meta<ProcedureMeta>()
  .create({
    transformer: superjson,
    isDev: false,
    errorFormatter({ shape, error, ctx }) {
      const requestId = ctx?.requestId ?? null;
      if (error.code === "INTERNAL_SERVER_ERROR") {
        return {
          ...shape,
          message: "Something went wrong on the server. The request id finds it in the log.",
          data: { code: shape.data.code, httpStatus: shape.data.httpStatus, path: shape.data.path ?? null, requestId, fieldErrors: null },
        };
      }
      const cause = error.cause instanceof z.ZodError ? error.cause : null;
      return {
        ...shape,
        message: cause === null ? shape.message : (cause.issues[0]?.message ?? "The input is not valid"),
        data: {
          code: shape.data.code,
          httpStatus: shape.data.httpStatus,
          path: shape.data.path ?? null,
          requestId,
          /** Per field of the input, what is wrong with it. */
          fieldErrors: cause === null ? null : (z.flattenError(cause).fieldErrors as Record<string, string[] | undefined>),
        },
      };
    },
  });

export const router = t.router;
export const createCallerFactory = t.createCallerFactory;

/** For everyone, signed in or not. */
export const publicProcedure = t.procedure.meta({ access: "public" });

/** For a signed-in user, about themself only. */
export const authedProcedure = t.procedure.meta({ access: "authed" }).use(async ({ ctx, next }) => {
  const user = await ctx.user();
  if (user === null) throw new TRPCError({ code: "UNAUTHORIZED", message: "Sign in first" });
  return next({ ctx: { user } });
});

/** For members of the organization `orgSlug` whose role holds the permission; `ctx.db` sees that organization only. */
export const orgProcedure = (permission: Permission) =>
  authedProcedure
    .meta({ access: permission })
    .input(orgInput)
    .use(async ({ ctx, input, next }) => {
      const db = await ctx.services.gate.authorizeOrganization(ctx.user.userId, input.orgSlug, permission);
      if (db === null) throw new TRPCError({ code: "NOT_FOUND", message: "Not found" });
      if (db === "forbidden") throw new TRPCError({ code: "FORBIDDEN", message: "Your role does not allow this" });
      return next({ ctx: { db } });
    });

/** A type without `orgSlug`, and without `undefined` as a value: fields are there or they are not. */
type Arguments<T> = T extends unknown ? { [K in keyof T as K extends "orgSlug" ? never : K]: Exclude<T[K], undefined> } : never;

/** What a repository is given of an input: the organization is in the repository already, and absent fields are absent. */
export function args<T extends object>(input: T): Arguments<T> {
  return Object.fromEntries(Object.entries(input).filter(([name, value]) => name !== "orgSlug" && value !== undefined)) as Arguments<T>;
}
