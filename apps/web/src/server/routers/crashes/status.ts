/** State and revision of a crash: cheap, made for polling. */
import { crashInput, crashStatus } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const status = orgProcedure("crash:read")
  .input(crashInput)
  .output(crashStatus)
  .query(async ({ ctx, input }) => accepted(await ctx.db.crashes.status(args(input))));
