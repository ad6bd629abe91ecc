/** Changes the user's password and ends all their other sessions. */
import { changePasswordInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted, notThrottled } from "../../refusals.ts";
import { authedProcedure } from "../../trpc.ts";

export const changePassword = authedProcedure
  .input(changePasswordInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    const { users } = ctx.services.gate;
    const { userId, sessionId } = ctx.user;
    accepted(notThrottled(await users.changePassword(userId, input.currentPassword, input.newPassword, sessionId)));
  });
