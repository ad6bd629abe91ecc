/** Resolves, ignores or reopens issues. Ids of other organizations change nothing. */
import { issueSetStateInput } from "@salvage/contracts";
import { z } from "zod";
import { args, orgProcedure } from "../../trpc.ts";

export const setState = orgProcedure("crash:write")
  .input(issueSetStateInput)
  .output(z.object({ changed: z.number().int() }))
  .mutation(({ ctx, input }) => ctx.db.issues.setState(args(input)));
