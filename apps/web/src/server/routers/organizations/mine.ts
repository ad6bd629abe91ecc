/** The organizations the user belongs to, each with their role and what it allows. */
import { organizationView } from "@salvage/contracts";
import { z } from "zod";
import { authedProcedure } from "../../trpc.ts";

export const mine = authedProcedure
  .output(z.array(organizationView))
  .query(({ ctx }) => ctx.services.gate.organizations.ofUser(ctx.user.userId));
