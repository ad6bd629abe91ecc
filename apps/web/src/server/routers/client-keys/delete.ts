/** Deletes a client key; programs that post with it are refused from then on. */
import { clientKeyInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const remove = orgProcedure("project:write")
  .input(clientKeyInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.clientKeys.delete(args(input)));
  });
