/** Changes a project's settings; only what is given changes. */
import { projectUpdateInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const update = orgProcedure("project:write")
  .input(projectUpdateInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.projects.update(args(input)));
  });
