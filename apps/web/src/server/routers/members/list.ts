/** Members of the organization with their roles. */
import { memberView } from "@salvage/contracts";
import { z } from "zod";
import { orgProcedure } from "../../trpc.ts";

export const list = orgProcedure("organization:read")
  .output(z.array(memberView))
  .query(({ ctx }) => ctx.db.members.list());
