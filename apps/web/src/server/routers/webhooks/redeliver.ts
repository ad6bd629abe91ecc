/** Sends a delivery again from its first attempt. */
import { webhookRedeliverInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const redeliver = orgProcedure("project:write")
  .input(webhookRedeliverInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.webhooks.redeliver(args(input)));
    await ctx.services.lanes.startWebhook(input.deliveryId);
  });
