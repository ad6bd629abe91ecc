/** Leaves the organization. The last owner cannot. */
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { orgProcedure } from "../../trpc.ts";

export const leave = orgProcedure("organization:read")
  .output(z.void())
  .mutation(async ({ ctx }) => {
    accepted(await ctx.db.members.leave());
  });
