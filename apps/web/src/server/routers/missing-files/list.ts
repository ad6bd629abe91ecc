/** Missing debug files of a project, most waited for first, a page at a time. */
import { missingFilesListInput, missingFileView, page } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const list = orgProcedure("crash:read")
  .input(missingFilesListInput)
  .output(page(missingFileView))
  .query(async ({ ctx, input }) => accepted(await ctx.db.missingFiles.list(args(input))));
