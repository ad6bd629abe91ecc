/** A new client key. */
import { clientKeyCreateInput, clientKeyView } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const create = orgProcedure("project:write")
  .input(clientKeyCreateInput)
  .output(clientKeyView)
  .mutation(async ({ ctx, input }) => accepted(await ctx.db.clientKeys.create(args(input))));
