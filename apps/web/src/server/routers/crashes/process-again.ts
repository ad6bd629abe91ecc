/** Queues a crash to be processed again with the files held now, and wakes its project's lane. */
import { crashInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const processAgain = orgProcedure("crash:write")
  .input(crashInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    const { projectId } = accepted(await ctx.db.crashes.processAgain(args(input)));
    ctx.services.lanes.pokeIntake(projectId);
  });
