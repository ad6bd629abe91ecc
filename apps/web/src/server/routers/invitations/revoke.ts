/** Withdraws an invitation. */
import { invitationInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const revoke = orgProcedure("organization:admin")
  .input(invitationInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.invitations.revoke(args(input)));
  });
