/** API tokens of the organization, without the tokens themselves. */
import { apiTokenView } from "@salvage/contracts";
import { z } from "zod";
import { orgProcedure } from "../../trpc.ts";

export const list = orgProcedure("organization:admin")
  .output(z.array(apiTokenView))
  .query(({ ctx }) => ctx.db.tokens.list());
