/** Projects of the organization, by name. */
import { projectSummary } from "@salvage/contracts";
import { z } from "zod";
import { orgProcedure } from "../../trpc.ts";

export const list = orgProcedure("project:read")
  .output(z.array(projectSummary))
  .query(({ ctx }) => ctx.db.projects.list());
