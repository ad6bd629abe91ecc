/** Hides a project at once; its rows and blobs are erased by retention. The short name is typed to confirm. */
import { projectDeleteInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const remove = orgProcedure("organization:admin")
  .input(projectDeleteInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.projects.delete(args(input)));
  });
