/**
 * Every metric of Salvage, declared here and nowhere else: name, help, labels. Ingest and worker share the file, so that one
 * look tells what can be asked of a running installation. Labels hold words from closed lists (reasons, states, routes), never
 * ids, so the number of series stays bounded.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export const metricsRegistry = new Registry();
const registers = [metricsRegistry];

/** Seconds, from a memory hit to the longest request we let run. */
const requestSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Seconds from the arrival of a crash to its report; the promise is 2 s. */
const finishSeconds = [0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800, 7200];

export const metrics = {
  // Ingest: intake.
  crashesAccepted: new Counter({
    name: "salvage_ingest_crashes_accepted_total",
    help: "Posts that were answered 200 and kept as a crash; duplicate=true answered with the id of an earlier one",
    labelNames: ["duplicate"] as const,
    registers,
  }),
  crashesRefused: new Counter({
    name: "salvage_ingest_crashes_refused_total",
    help: "Posts that did not become a crash, by reason (refusalReason in contracts)",
    labelNames: ["reason"] as const,
    registers,
  }),
  dumpBytes: new Counter({ name: "salvage_ingest_dump_bytes_total", help: "Bytes of accepted minidumps before sealing", registers }),
  debugFilesReceived: new Counter({
    name: "salvage_ingest_debug_files_received_total",
    help: "Debug-file uploads stored; duplicate=true when the organization had sent the same bytes before",
    labelNames: ["duplicate"] as const,
    registers,
  }),
  // Ingest: HTTP.
  httpRequests: new Histogram({
    name: "salvage_ingest_http_request_seconds",
    help: "Time from a request's headers to the end of its answer, by route and status",
    labelNames: ["route", "status"] as const,
    buckets: requestSeconds,
    registers,
  }),
  httpInFlight: new Gauge({ name: "salvage_ingest_http_in_flight", help: "Requests being answered now", registers }),
  proxyFailures: new Counter({
    name: "salvage_ingest_proxy_failures_total",
    help: "Requests for the dashboard that could not be forwarded",
    registers,
  }),
  freeDiskBytes: new Gauge({ name: "salvage_blob_free_bytes", help: "Bytes free where blobs are stored, at the last look", registers }),

  // Lanes: pokes from ingest and web to workflows.
  lanePokes: new Counter({
    name: "salvage_lane_pokes_total",
    help: "Pokes of intake lanes; outcome sent, coalesced or failed",
    labelNames: ["outcome"] as const,
    registers,
  }),

  // Worker: what waits in the whole installation. Every worker says the same of it: take the maximum, not the sum.
  queuedCrashes: new Gauge({ name: "salvage_queue_crashes", help: "Crashes that wait for a report or are being processed", registers }),
  oldestQueuedSeconds: new Gauge({
    name: "salvage_queue_oldest_seconds",
    help: "How long the oldest crash has waited that is not finished; 0 = none waits",
    registers,
  }),
  queuedUploads: new Gauge({ name: "salvage_queue_uploads", help: "Uploads of debug files that are not checked yet", registers }),
  queuedDeliveries: new Gauge({
    name: "salvage_queue_webhooks",
    help: "Webhook deliveries that are due or will be tried again",
    registers,
  }),

  // Worker: crashes.
  crashesFinished: new Counter({
    name: "salvage_worker_crashes_finished_total",
    help: "Crashes that left processing, by state and by kind of revision",
    labelNames: ["state", "kind"] as const,
    registers,
  }),
  crashSeconds: new Histogram({
    name: "salvage_worker_crash_seconds",
    help: "Time from the arrival of a crash to its first report",
    buckets: finishSeconds,
    registers,
  }),
  processSeconds: new Histogram({
    name: "salvage_worker_process_seconds",
    help: "Time in the child process per crash, by step (inspect, process, names)",
    labelNames: ["step"] as const,
    buckets: requestSeconds,
    registers,
  }),
  batches: new Counter({
    name: "salvage_worker_batches_total",
    help: "Batches claimed, by queue (intake, upgrade) and whether anything was in them",
    labelNames: ["queue", "empty"] as const,
    registers,
  }),
  lostClaims: new Counter({
    name: "salvage_worker_lost_claims_total",
    help: "Results thrown away because the lease had passed to another",
    registers,
  }),
  childDeaths: new Counter({
    name: "salvage_worker_child_deaths_total",
    help: "Child processes that ended during work, by cause (memory, time, exit)",
    labelNames: ["cause"] as const,
    registers,
  }),
  // Worker: debug files.
  imports: new Counter({
    name: "salvage_worker_imports_total",
    help: "Debug files handled, by verdict (ready, rejected, duplicate)",
    labelNames: ["verdict"] as const,
    registers,
  }),
  importSeconds: new Histogram({
    name: "salvage_worker_import_seconds",
    help: "Time to check and convert one upload",
    buckets: finishSeconds,
    registers,
  }),
  upgrades: new Counter({
    name: "salvage_worker_upgrades_total",
    help: "Waiting crashes visited when a debug file arrived, by outcome (complete, provisional, busy, gone)",
    labelNames: ["outcome"] as const,
    registers,
  }),
  // Worker: housekeeping.
  swept: new Counter({
    name: "salvage_worker_swept_total",
    help: "Things the sweep put back to work, by kind (lane, lease, missing_file, upload, webhook)",
    labelNames: ["kind"] as const,
    registers,
  }),
  blobsDeleted: new Counter({
    name: "salvage_worker_blobs_deleted_total",
    help: "Blobs deleted by retention, by kind (dump, attachment, report, orphan, project)",
    labelNames: ["kind"] as const,
    registers,
  }),
  webhookDeliveries: new Counter({
    name: "salvage_worker_webhook_deliveries_total",
    help: "Attempts to deliver a webhook, by outcome (delivered, failed, refused)",
    labelNames: ["outcome"] as const,
    registers,
  }),

  // Everywhere.
  errors: new Counter({
    name: "salvage_errors_total",
    help: "Errors reported through the one seam: things that should not happen, by area",
    labelNames: ["area"] as const,
    registers,
  }),
};

/** Adds memory, event-loop and garbage-collection figures of this process. Call once, from main. */
export function startProcessMetrics(): void {
  collectDefaultMetrics({ register: metricsRegistry, prefix: "salvage_" });
}
