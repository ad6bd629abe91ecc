/** Where the minidump, or one attachment, can be fetched once, within a minute. The server that answers there unseals it; web never could. */
import { dumpTicketInput, dumpTicketView } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const dumpTicket = orgProcedure("dump:download")
  .input(dumpTicketInput)
  .output(dumpTicketView)
  .mutation(async ({ ctx, input: { attachmentId, ...input } }) => {
    const { ticket } = accepted(await ctx.db.crashes.dumpTicket(args(input)));
    const file = attachmentId === undefined ? "dump" : `attachments/${encodeURIComponent(attachmentId)}`;
    return { url: `/api/v1/crashes/${encodeURIComponent(input.crashId)}/${file}?ticket=${encodeURIComponent(ticket)}` };
  });
