/** One issue; the id of an issue that was joined with another one leads to that one. */
import { issueDetail, issueInput } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const byId = orgProcedure("crash:read")
  .input(issueInput)
  .output(issueDetail)
  .query(async ({ ctx, input }) => accepted(await ctx.db.issues.byId(args(input))));
