/**
 * Accepts an invitation, once: as the signed-in user, or with a new account. The sign-in itself is a separate step, so that a session
 * is only ever made by a password.
 */
import { invitationAccepted, invitationAcceptInput } from "@salvage/contracts";
import { TRPCError } from "@trpc/server";
import { accepted, notThrottled } from "../../refusals.ts";
import { publicProcedure } from "../../trpc.ts";

export const accept = publicProcedure
  .input(invitationAcceptInput)
  .output(invitationAccepted)
  .mutation(async ({ ctx, input }) => {
    const user = await ctx.user();
    const who = user === null ? input.account : { userId: user.userId };
    if (who === undefined) throw new TRPCError({ code: "UNAUTHORIZED", message: "Sign in, or make an account, to accept" });
    const { organizationSlug } = notThrottled(accepted(await ctx.services.gate.invitations.accept(input.token, who)));
    return { organizationSlug };
  });
