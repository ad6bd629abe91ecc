/** What posts of a project and of its organization may have, and what the organization stores. */
import { limitsView, projectInput } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const ofProject = orgProcedure("project:read")
  .input(projectInput)
  .output(limitsView)
  .query(async ({ ctx, input }) => accepted(await ctx.db.limits.ofProject(args(input))));
