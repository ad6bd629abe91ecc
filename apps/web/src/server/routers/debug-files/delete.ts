/** Deletes a debug file; reports that were made with it stay as they are. */
import { debugFileInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const remove = orgProcedure("debug-file:write")
  .input(debugFileInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.debugFiles.delete(args(input)));
  });
