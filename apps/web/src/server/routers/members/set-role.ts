/** Changes a member's role. Owners are made and changed by owners only; the last owner stays. */
import { memberSetRoleInput } from "@salvage/contracts";
import { z } from "zod";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const setRole = orgProcedure("organization:admin")
  .input(memberSetRoleInput)
  .output(z.void())
  .mutation(async ({ ctx, input }) => {
    accepted(await ctx.db.members.setRole(args(input)));
  });
