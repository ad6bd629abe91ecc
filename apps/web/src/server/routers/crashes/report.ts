/** The newest report of a crash, read from its blob. Not found while the crash has none. */
import { crashInput, reportSchema } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { readReport } from "../../report-blob.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const report = orgProcedure("crash:read")
  .input(crashInput)
  .output(reportSchema)
  .query(({ ctx, input }) => readReport(ctx.services.blobs, async () => accepted(await ctx.db.crashes.reportBlob(args(input))).blobKey));
