/** A new organization; its creator becomes its owner. */
import { organizationCreateInput, organizationView } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { authedProcedure } from "../../trpc.ts";

export const create = authedProcedure
  .input(organizationCreateInput)
  .output(organizationView)
  .mutation(async ({ ctx, input }) => accepted(await ctx.services.gate.organizations.create(ctx.user.userId, input)));
