/** One crash without its report. */
import { crashDetail, crashInput } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const byId = orgProcedure("crash:read")
  .input(crashInput)
  .output(crashDetail)
  .query(async ({ ctx, input }) => accepted(await ctx.db.crashes.byId(args(input))));
