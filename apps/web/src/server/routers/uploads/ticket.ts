/** A ticket with which the browser uploads debug files, valid for 15 minutes. */
import { uploadTicket, uploadTicketInput } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const ticket = orgProcedure("debug-file:write")
  .input(uploadTicketInput)
  .output(uploadTicket)
  .mutation(async ({ ctx, input }) => accepted(await ctx.db.uploads.ticket(args(input))));
