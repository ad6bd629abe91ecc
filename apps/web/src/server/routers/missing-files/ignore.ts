/** Ignores files that will never come: some files, a pattern of names, or all of a version. */
import { missingFilesIgnoreInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const ignore = orgProcedure("crash:write")
  .input(missingFilesIgnoreInput)
  .output(z.object({ ignored: z.number().int() }))
  .mutation(async ({ ctx, input }) => accepted(await ctx.db.missingFiles.ignore(args(input))));
