/** Deletes an ignore rule; what it hid is wanted again. */
import { ignoreRuleInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const remove = orgProcedure("crash:write")
  .input(ignoreRuleInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.ignoreRules.delete(args(input)));
  });
