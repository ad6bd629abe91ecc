/** What the organization holds that is near a missing file: why none of it matched. */
import { missingFileInput, nearFilesView } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const near = orgProcedure("crash:read")
  .input(missingFileInput)
  .output(nearFilesView)
  .query(async ({ ctx, input }) => accepted(await ctx.db.missingFiles.near(args(input))));
