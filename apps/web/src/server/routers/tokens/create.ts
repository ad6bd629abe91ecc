/** A new API token; the only answer that ever holds it. */
import { apiTokenCreated, organizationToken, tokenCreateInput } from "@salvage/contracts";
import { args, orgProcedure } from "../../trpc.ts";

export const create = orgProcedure("organization:admin")
  .input(tokenCreateInput)
  .output(apiTokenCreated)
  .mutation(async ({ ctx, input }) => {
    const { token, view } = await ctx.db.tokens.create(args(input));
    const about = { url: ctx.services.publicUrl, organizationSlug: ctx.db.organization.slug, issuedAt: new Date(view.createdAt) };
    return { token: organizationToken(token, about), view };
  });
