/** The browser's way to the procedures. */
import { handleTrpc } from "../../../../server/http.ts";
import { services } from "../../../../server/services.ts";

const handle = (request: Request) => handleTrpc(request, services());

export { handle as GET, handle as POST };
