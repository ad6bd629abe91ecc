/** Names of the organization's projects, for navigation: on every page, so nothing is counted. */
import { projectName } from "@salvage/contracts";
import { z } from "zod";
import { orgProcedure } from "../../trpc.ts";

export const names = orgProcedure("project:read")
  .output(z.array(projectName))
  .query(({ ctx }) => ctx.db.projects.names());
