/**
 * Google Breakpad's sym-upload-v1: one form with the text of a `.sym` file as `symbol_file` and fields that repeat its first line. What the
 * file itself says counts; a form that says otherwise is told so. Clients want exactly 200 and a short text.
 */
import { AppError } from "../../http/app-error.ts";
import { tooLarge } from "../../http/body.ts";
import { collect, peek } from "../../http/pieces.ts";
import { sendText } from "../../http/respond.ts";
import type { RouteContext } from "../../http/router.ts";
import { storable } from "../../intake/scrub.ts";
import { acceptDebugFile } from "../accept-debug-file.ts";
import { authorizeForeign, projectAsked, readForm } from "../foreign.ts";
import type { ForeignPorts } from "../routes.ts";

/** The record that a `.sym` file begins with, as long as the client's own buffer for it. */
const firstLineBytes = 1024;
const maxFieldBytes = 4096;

export async function postSymbols(ports: ForeignPorts, context: RouteContext): Promise<void> {
  const { token, db } = await authorizeForeign(ports.gate, context, "debug-file:write");
  const projectId = await projectAsked(db, context.query);
  const fields = new Map<string, string>();
  const stored = await readForm(ports, context, async (form) => {
    let found: { stated: string | null } | null = null;
    for (let part = await form.nextPart(); part !== null; part = await form.nextPart()) {
      if (part.name !== "symbol_file") {
        const text = await collect(part.data, maxFieldBytes, () => tooLarge(`a form field has more than ${maxFieldBytes} bytes`));
        fields.set(part.name ?? "", text.toString("utf8"));
        continue;
      }
      if (found !== null) throw new AppError(400, null, "the form has two fields symbol_file");
      const { head, all } = await peek(part.data, firstLineBytes);
      const [record, , , id, ...name] = head.toString("utf8").split("\n", 1)[0]?.trim().split(" ") ?? [];
      found = { stated: record === "MODULE" ? (id ?? null) : null };
      await acceptDebugFile(ports, {
        organizationId: token.organizationId,
        projectId,
        actor: token.name,
        fileName: storable(part.fileName || `${name.join(" ") || fields.get("debug_file") || "upload"}.sym`, 255),
        body: all,
        logger: context.logger,
      });
    }
    return found;
  });
  if (stored === null) throw new AppError(400, null, "the form has no field symbol_file");
  const { stated } = stored;
  const said = fields.get("debug_identifier") ?? stated;
  const differs = stated !== null && said?.toLowerCase() !== stated.toLowerCase();
  sendText(context.response, 200, differs ? `stored; the form says ${said}, the file ${stated}: the file counts` : "stored");
}
