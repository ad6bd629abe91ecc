/** Disables or enables a webhook. */
import { webhookUpdateInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const update = orgProcedure("project:write")
  .input(webhookUpdateInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.webhooks.update(args(input)));
  });
