/** Ignore rules of a project: patterns and versions. */
import { ignoreRuleView, projectInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const list = orgProcedure("crash:read")
  .input(projectInput)
  .output(z.array(ignoreRuleView))
  .query(async ({ ctx, input }) => accepted(await ctx.db.ignoreRules.list(args(input))));
