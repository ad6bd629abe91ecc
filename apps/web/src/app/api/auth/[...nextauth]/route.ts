/** next-auth's endpoints: csrf, sign-in, session, sign-out. */
import type { NextRequest } from "next/server";
import { type AuthRouteContext, handleAuth } from "../../../../server/auth/handle.ts";
import { services } from "../../../../server/services.ts";

const handle = (request: NextRequest, context: AuthRouteContext) => handleAuth(request, context, services());

export { handle as GET, handle as POST };
