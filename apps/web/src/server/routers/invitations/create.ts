/** A new invitation: a link to hand over, good for one person. The only answer that ever holds it. */
import { invitationCreated, invitationCreateInput } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const create = orgProcedure("organization:admin")
  .input(invitationCreateInput)
  .output(invitationCreated)
  .mutation(async ({ ctx, input }) => {
    const { token, view } = accepted(await ctx.db.invitations.create(args(input)));
    return { token, url: `${ctx.services.publicUrl}/invite/${encodeURIComponent(token)}`, view };
  });
