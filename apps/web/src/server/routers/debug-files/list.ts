/** Debug files of the organization, newest first, a page at a time. */
import { debugFilesListInput, debugFileView, page } from "@salvage/contracts";
import { args, orgProcedure } from "../../trpc.ts";

export const list = orgProcedure("debug-file:read")
  .input(debugFilesListInput)
  .output(page(debugFileView))
  .query(({ ctx, input }) => ctx.db.debugFiles.list(args(input)));
