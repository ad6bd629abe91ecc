/** One project with its settings. */
import { projectDetail, projectInput } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const bySlug = orgProcedure("project:read")
  .input(projectInput)
  .output(projectDetail)
  .query(async ({ ctx, input }) => accepted(await ctx.db.projects.bySlug(args(input))));
