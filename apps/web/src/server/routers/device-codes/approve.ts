/** Signs the machine behind a code in: its secret becomes a token that acts as the caller in one organization of theirs. */
import { deviceCodeApproved, deviceCodeApproveInput } from "@salvage/contracts";
import { accepted, notThrottled } from "../../refusals.ts";
import { authedProcedure } from "../../trpc.ts";

export const approve = authedProcedure
  .input(deviceCodeApproveInput)
  .output(deviceCodeApproved)
  .mutation(async ({ ctx, input }) =>
    notThrottled(accepted(await ctx.services.gate.deviceCodes.approve(ctx.user.userId, input.userCode, input.organizationSlug))),
  );
