/** A new webhook; the only answer that ever holds its secret. Private addresses are refused when a delivery is sent. */
import { webhookCreated, webhookCreateInput } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const create = orgProcedure("project:write")
  .input(webhookCreateInput)
  .output(webhookCreated)
  .mutation(async ({ ctx, input }) => accepted(await ctx.db.webhooks.create(args(input))));
