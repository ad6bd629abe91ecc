/** Crashes of a project or of one of its issues, newest first, a page at a time. */
import { crashesListInput, crashSummary, page } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const list = orgProcedure("crash:read")
  .input(crashesListInput)
  .output(page(crashSummary))
  .query(async ({ ctx, input }) => accepted(await ctx.db.crashes.list(args(input))));
