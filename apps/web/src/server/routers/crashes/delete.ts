/** Deletes a crash: gone from every list at once, its rows and blobs are erased by retention. */
import { crashInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const remove = orgProcedure("crash:delete")
  .input(crashInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.crashes.delete(args(input)));
  });
