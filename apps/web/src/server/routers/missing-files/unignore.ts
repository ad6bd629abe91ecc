/** Wants ignored files again. Those that arrived meanwhile are taken up at once. */
import { missingFilesInput } from "@salvage/contracts";
import { z } from "zod";
import { args, orgProcedure } from "../../trpc.ts";

export const unignore = orgProcedure("crash:write")
  .input(missingFilesInput)
  .output(z.object({ opened: z.number().int() }))
  .mutation(async ({ ctx, input }) => {
    const { opened, ready } = await ctx.db.missingFiles.unignore(args(input));
    await Promise.all(ready.map(({ organizationId, fileKey }) => ctx.services.lanes.pokeArrival(organizationId, fileKey)));
    return { opened };
  });
