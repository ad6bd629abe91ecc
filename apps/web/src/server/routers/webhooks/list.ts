/** Webhooks of a project with their last deliveries. */
import { projectInput, webhookView } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const list = orgProcedure("project:read")
  .input(projectInput)
  .output(z.array(webhookView))
  .query(async ({ ctx, input }) => accepted(await ctx.db.webhooks.list(args(input))));
