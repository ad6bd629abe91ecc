/** Issues of a project, a page at a time. */
import { issueSummary, issuesListInput, page } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const list = orgProcedure("crash:read")
  .input(issuesListInput)
  .output(page(issueSummary))
  .query(async ({ ctx, input }) => accepted(await ctx.db.issues.list(args(input))));
