/** What the holder of an invitation's link sees before accepting. */
import { invitationPreview, invitationToken } from "@salvage/contracts";
import { z } from "zod";
import { publicProcedure } from "../../trpc.ts";

export const preview = publicProcedure
  .input(z.object({ token: invitationToken }))
  .output(invitationPreview.nullable())
  .query(({ ctx, input }) => ctx.services.gate.invitations.byToken(input.token));
