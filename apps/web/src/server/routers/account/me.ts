/** The signed-in user. */
import { userView } from "@salvage/contracts";
import { authedProcedure } from "../../trpc.ts";

export const me = authedProcedure
  .output(userView)
  .query(({ ctx }) => ({ userId: ctx.user.userId, email: ctx.user.email, name: ctx.user.name }));
