/** next-auth's endpoints: csrf, sign-in, session, sign-out. */
import NextAuth from "next-auth";
import { authOptions } from "../../../../server/auth/options.ts";
import { services } from "../../../../server/services.ts";

type RouteContext = { params: Promise<{ nextauth: string[] }> };

const handle = (request: Request, context: RouteContext) => NextAuth(authOptions(services()))(request, context);

export { handle as GET, handle as POST };
