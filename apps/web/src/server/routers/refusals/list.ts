/** Posts that were refused, per reason, of the last 30 days. */
import { projectInput, refusalView } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const list = orgProcedure("project:read")
  .input(projectInput)
  .output(z.array(refusalView))
  .query(async ({ ctx, input }) => accepted(await ctx.db.refusals.list(args(input))));
