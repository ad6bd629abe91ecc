/** Turns the machine behind a code away; the code is over. */
import { userCodeInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted, notThrottled } from "../../refusals.ts";
import { authedProcedure } from "../../trpc.ts";

export const deny = authedProcedure
  .input(userCodeInput)
  .output(z.object({ denied: z.literal(true) }))
  .mutation(async ({ ctx, input }) => {
    notThrottled(accepted(await ctx.services.gate.deviceCodes.deny(ctx.user.userId, input.userCode)));
    return { denied: true as const };
  });
