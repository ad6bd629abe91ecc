/** How many missing files block crashes of a project: the badge. */
import { projectInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const count = orgProcedure("crash:read")
  .input(projectInput)
  .output(z.object({ blocking: z.number().int() }))
  .query(async ({ ctx, input }) => accepted(await ctx.db.missingFiles.count(args(input))));
