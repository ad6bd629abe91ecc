/** One upload with its verdicts and how far the upgrade is. */
import { uploadInput, uploadView } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const byId = orgProcedure("debug-file:read")
  .input(uploadInput)
  .output(uploadView)
  .query(async ({ ctx, input }) => accepted(await ctx.db.uploads.byId(args(input))));
