/** A request's body as handlers want it: limits applied, Content-Encoding undone, "100 Continue" said when the first piece is asked for. */
import { asksToContinue, inflateBody, readBody } from "./body.ts";
import type { RouteContext } from "./router.ts";

/** Runs `use` on the request's body with its limits and Content-Encoding undone; lets go of the body whatever happens. */
export async function withBody<T>(
  { request, response }: Pick<RouteContext, "request" | "response">,
  bodyLimits: Parameters<typeof readBody>[1],
  use: (body: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  const sent = readBody(request, bodyLimits, () => asksToContinue(request) && response.writeContinue());
  const body = inflateBody(sent, request.headers["content-encoding"], bodyLimits.maxBytes, bodyLimits.knob)[Symbol.asyncIterator]();
  try {
    return await use({ [Symbol.asyncIterator]: () => body });
  } finally {
    // Not awaited: a piece that is being waited for may never come.
    void body.return?.()?.catch(() => undefined);
    void sent.return(undefined).catch(() => undefined);
  }
}
