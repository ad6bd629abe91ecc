/** Ends an API token at once. */
import { tokenInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const revoke = orgProcedure("organization:admin")
  .input(tokenInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.tokens.revoke(args(input)));
  });
