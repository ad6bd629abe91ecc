/** The user's open sessions, the asking one marked. */
import { sessionView } from "@salvage/contracts";
import { z } from "zod";
import { authedProcedure } from "../../trpc.ts";

export const sessions = authedProcedure.output(z.array(sessionView)).query(async ({ ctx }) => {
  const all = await ctx.services.gate.sessions.ofUser(ctx.user.userId);
  return all.map((session) => ({ ...session, current: session.id === ctx.user.sessionId }));
});
