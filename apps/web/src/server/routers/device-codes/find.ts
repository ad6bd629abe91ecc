/** Which machine waits behind a typed code. A change, not a query: every try counts against guessing. */
import { deviceCodeRequest, userCodeInput } from "@salvage/contracts";
import { accepted, notThrottled } from "../../refusals.ts";
import { authedProcedure } from "../../trpc.ts";

export const find = authedProcedure
  .input(userCodeInput)
  .output(deviceCodeRequest)
  .mutation(async ({ ctx, input }) => notThrottled(accepted(await ctx.services.gate.deviceCodes.find(ctx.user.userId, input.userCode))));
