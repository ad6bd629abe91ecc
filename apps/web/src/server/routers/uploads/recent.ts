/** The last uploads of the organization. */
import { uploadSummary } from "@salvage/contracts";
import { z } from "zod";
import { orgProcedure } from "../../trpc.ts";

export const recent = orgProcedure("debug-file:read")
  .output(z.array(uploadSummary))
  .query(({ ctx }) => ctx.db.uploads.recent());
