/** How far some uploads are, for a page that follows them. */
import { uploadSummary, uploadsInput } from "@salvage/contracts";
import { z } from "zod";
import { args, orgProcedure } from "../../trpc.ts";

export const byIds = orgProcedure("debug-file:read")
  .input(uploadsInput)
  .output(z.array(uploadSummary))
  .query(({ ctx, input }) => ctx.db.uploads.byIds(args(input)));
