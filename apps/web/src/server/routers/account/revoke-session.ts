/** Ends one of the user's own sessions; the ids of other people's sessions are not found. */
import { sessionInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { authedProcedure } from "../../trpc.ts";

export const revokeSession = authedProcedure
  .input(sessionInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    const { sessions } = ctx.services.gate;
    const own = await sessions.ofUser(ctx.user.userId);
    const { id } = accepted(own.find((session) => session.id === input.sessionId) ?? null);
    await sessions.revoke(id);
  });
