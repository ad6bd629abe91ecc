/** Changes the limits of all projects together; null goes back to the server's default. */
import { organizationLimitsInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const setOrganization = orgProcedure("organization:admin")
  .input(organizationLimitsInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.limits.setOrganization(args(input)));
  });
