/** Changes a project's limits; null goes back to the server's default. */
import { projectLimitsInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const setProject = orgProcedure("project:write")
  .input(projectLimitsInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.limits.setProject(args(input)));
  });
