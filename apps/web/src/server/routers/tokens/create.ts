/** A new API token; the only answer that ever holds it. */
import { apiTokenCreated, tokenCreateInput } from "@salvage/contracts";
import { args, orgProcedure } from "../../trpc.ts";

export const create = orgProcedure("organization:admin")
  .input(tokenCreateInput)
  .output(apiTokenCreated)
  .mutation(({ ctx, input }) => ctx.db.tokens.create(args(input)));
