/**
 * What an organization holds that is near a missing file, for "why not matched": files of the very build that lack what is needed, files
 * of the same GUID with another age, files of the same name and another build. Each kind is found by its own index.
 */
import { debugFileFeature, debugFileKind, type NearFile, type NearFilesView } from "@salvage/contracts";
import type { Tx } from "../scope.ts";
import { baseName } from "../shared/text.ts";

const maxNearFiles = 5;
/** Debug ids are a GUID of so many digits and an age. */
const guidDigits = 32;

type WantedRow = { file_key: string; name: string; code_file: string; debug_file: string | null; waiting: number; without_dump: number };
type NearRow = {
  id: string;
  place: number;
  name: string;
  kind: string;
  debug_id: string | null;
  code_id: string | null;
  cpu: string | null;
  features: string[];
  has_names: boolean;
  has_unwind: boolean;
  ready_at: Date;
};

const matches: readonly NearFile["match"][] = ["same_key", "same_guid", "same_name"];

/** Null when the organization has no such missing file. */
export async function nearFiles(tx: Tx, organizationId: string, missingFileId: string): Promise<NearFilesView | null> {
  const [wanted] = await tx.sql.rows<WantedRow>(
    `SELECT m.file_key, m.name, m.code_file, m.debug_file, w.waiting, w.without_dump
     FROM missing_files m CROSS JOIN LATERAL (
       SELECT count(*)::int AS waiting, (count(*) FILTER (WHERE c.dump_state = 'deleted'))::int AS without_dump
       FROM crash_missing_files w JOIN crashes c ON c.id = w.crash_id WHERE w.missing_file_id = m.id AND w.open) w
     WHERE m.organization_id = $1::uuid AND m.id = $2::uuid`,
    [organizationId, missingFileId],
  );
  if (wanted === undefined) return null;
  const columns = "f.id, f.name, f.kind, f.debug_id, f.code_id, f.cpu, f.features, f.has_names, f.has_unwind, f.ready_at";
  const byKey = "debug_files f JOIN debug_file_keys k ON k.debug_file_id = f.id AND k.organization_id = $1::uuid";
  const one = (place: number, tables: string, condition: string) =>
    `(SELECT ${columns}, ${place} AS place FROM ${tables} WHERE f.organization_id = $1::uuid AND f.deleted_at IS NULL AND f.kind <> 'sourcebundle' AND ${condition}
      ORDER BY f.ready_at DESC LIMIT ${maxNearFiles})`;
  const rows = await tx.sql.rows<NearRow>(
    `SELECT * FROM (SELECT DISTINCT ON (id) * FROM (
       ${one(0, byKey, "k.file_key = $2::text")}
       UNION ALL ${one(1, byKey, "k.file_key >= $3::text AND k.file_key < $3::text || 'g' AND left(k.file_key, length($3::text)) = $3::text")}
       UNION ALL ${one(2, "debug_files f", "lower(f.name) = ANY ($4::text[])")}) near ORDER BY id, place) nearest
     ORDER BY place, ready_at DESC, id LIMIT ${maxNearFiles}`,
    [organizationId, wanted.file_key, guidOf(wanted.file_key), namesOf(wanted)],
  );
  return { files: rows.map(nearFile), waitingCrashes: wanted.waiting, waitingWithoutDump: wanted.without_dump };
}

/** Null when the key is no debug id. */
function guidOf(fileKey: string): string | null {
  return /^[0-9A-F]{33,}$/i.test(fileKey) ? fileKey.slice(0, guidDigits) : null;
}

/** The names, in lower case, that a file of the module may have been uploaded by. */
function namesOf({ name, code_file, debug_file }: WantedRow): string[] {
  const code = baseName(code_file);
  const stem = code.replace(/\.(exe|dll)$/i, "");
  const names = [name, debug_file, code, `${code}.debug`, `${code}.dbg`, ...(stem === code ? [] : [`${stem}.pdb`])];
  return [...new Set(names.filter((text) => text !== null && text !== "").map((text) => baseName(text ?? "").toLowerCase()))];
}

function nearFile(row: NearRow): NearFile {
  return {
    id: row.id,
    match: matches[row.place] ?? "same_name",
    name: row.name,
    kind: debugFileKind.parse(row.kind),
    debugId: row.debug_id,
    codeId: row.code_id,
    cpu: row.cpu,
    features: debugFileFeature.array().parse(row.features),
    hasNames: row.has_names,
    hasUnwind: row.has_unwind,
    uploadedAt: row.ready_at.toISOString(),
  };
}
