/** Where the minidump can be fetched once, within a minute. The server that answers there unseals it; web never could. */
import { crashInput, dumpTicketView } from "@salvage/contracts";
import { accepted } from "../../refusals.ts";
import { args, orgProcedure } from "../../trpc.ts";

export const dumpTicket = orgProcedure("dump:download")
  .input(crashInput)
  .output(dumpTicketView)
  .mutation(async ({ ctx, input }) => {
    const { ticket } = accepted(await ctx.db.crashes.dumpTicket(args(input)));
    return { url: `/api/v1/crashes/${encodeURIComponent(input.crashId)}/dump?ticket=${encodeURIComponent(ticket)}` };
  });
