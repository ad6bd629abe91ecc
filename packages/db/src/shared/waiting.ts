/** The one condition behind arrivals, as SQL: a missing row is open and a ready file has what it needs. */

/** Crash c waits by row w of missing file m; f is a file that answers to the same key (k) in the same organization. */
export const waitingTables = `crash_missing_files w JOIN missing_files m ON m.id = w.missing_file_id JOIN crashes c ON c.id = w.crash_id
  JOIN debug_file_keys k ON k.organization_id = w.organization_id AND k.file_key = w.file_key JOIN debug_files f ON f.id = k.debug_file_id`;

/**
 * f brings c something. New unwind data needs the dump; an ignored file holds nothing and wakes nobody; a crash that was given up is left be.
 */
export const waits = `w.open AND m.state <> 'ignored' AND c.deleted_at IS NULL AND c.given_up_at IS NULL AND c.revision > 0
  AND f.deleted_at IS NULL AND ((w.needs IN ('names', 'both') AND f.has_names) OR (w.needs IN ('unwind', 'both') AND f.has_unwind AND c.dump_state = 'held'))`;
