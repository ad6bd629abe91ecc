/** A new project with its first client key. */
import { projectCreated, projectCreateInput } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const create = orgProcedure("project:write")
  .input(projectCreateInput)
  .output(projectCreated)
  .mutation(async ({ ctx, input }) => accepted(await ctx.db.projects.create(args(input))));
