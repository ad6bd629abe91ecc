/** Renames, disables or limits a client key. */
import { clientKeyUpdateInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const update = orgProcedure("project:write")
  .input(clientKeyUpdateInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.clientKeys.update(args(input)));
  });
