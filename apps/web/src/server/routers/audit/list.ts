/** The audit log, newest first, a page at a time. */
import { auditEntryView, auditListInput, page } from "@salvage/contracts";
import { args, orgProcedure } from "../../trpc.ts";

export const list = orgProcedure("organization:admin")
  .input(auditListInput)
  .output(page(auditEntryView))
  .query(({ ctx, input }) => ctx.db.audit.list(args(input)));
