/** The last uploads of the organization. */
import { uploadView } from "@salvage/contracts";
import { z } from "zod";
import { orgProcedure } from "../../trpc.ts";

export const recent = orgProcedure("debug-file:read")
  .output(z.array(uploadView))
  .query(({ ctx }) => ctx.db.uploads.recent());
