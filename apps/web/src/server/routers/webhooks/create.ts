/** A new webhook; the only answer that ever holds its secret. What a name leads to is looked at when a delivery is sent. */
import { privateHost } from "@salvage/addresses";
import { webhookCreated, webhookCreateInput } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const create = orgProcedure("project:write")
  .input(webhookCreateInput)
  .output(webhookCreated)
  .mutation(async ({ ctx, input }) => {
    if (!ctx.services.allowPrivateWebhooks && privateHost(new URL(input.url)) !== null) accepted("private address");
    return accepted(await ctx.db.webhooks.create(args(input)));
  });
