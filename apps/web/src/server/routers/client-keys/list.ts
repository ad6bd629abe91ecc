/** Client keys of a project. */
import { clientKeyView, projectInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const list = orgProcedure("project:read")
  .input(projectInput)
  .output(z.array(clientKeyView))
  .query(async ({ ctx, input }) => accepted(await ctx.db.clientKeys.list(args(input))));
