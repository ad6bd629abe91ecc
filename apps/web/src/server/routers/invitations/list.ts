/** Open invitations. */
import { invitationView } from "@salvage/contracts";
import { z } from "zod";
import { orgProcedure } from "../../trpc.ts";

export const list = orgProcedure("organization:admin")
  .output(z.array(invitationView))
  .query(({ ctx }) => ctx.db.invitations.list());
