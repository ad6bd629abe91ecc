/**
 * What must happen after a crash's transaction and must not hold up the next crash: blobs that the transaction let go,
 * arrivals to wake, webhooks to start. All of it is repeatable and found again elsewhere (orphan collection, sweep), so a
 * failure is logged and forgotten.
 */
import type { BlobStore } from "@salvage/blobs";
import type { Lanes } from "@salvage/lanes";
import { type Logger, reportError } from "@salvage/telemetry";

export type FollowUpPorts = { blobs: BlobStore; lanes: Pick<Lanes, "pokeArrival" | "pokeIntake" | "startWebhook">; logger: Logger };

export class FollowUps {
  readonly #ports: FollowUpPorts;
  readonly #running: Promise<void>[] = [];
  readonly #woken = new Set<string>();

  constructor(ports: FollowUpPorts) {
    this.#ports = ports;
  }

  deleteBlobs(keys: readonly string[]): void {
    for (const key of keys) this.#add(this.#ports.blobs.delete(key).then(() => {}));
  }

  /** A file came while its crash was being processed. Once per batch and file. */
  wakeArrivals(organizationId: string, fileKeys: readonly string[]): void {
    for (const key of fileKeys) {
      const id = `${organizationId}/${key}`;
      if (this.#woken.has(id)) continue;
      this.#woken.add(id);
      // At the end, so that one poke covers all crashes of the batch.
    }
  }

  /** A crash was queued to run alone, which only its lane does. */
  wakeLane(projectId: string): void {
    this.#ports.lanes.pokeIntake(projectId);
  }

  startWebhooks(deliveryIds: readonly string[]): void {
    for (const id of deliveryIds) this.#add(this.#ports.lanes.startWebhook(id));
  }

  /** Waits until all of it has ended. */
  async settle(): Promise<void> {
    for (const id of this.#woken) {
      const slash = id.indexOf("/");
      this.#add(this.#ports.lanes.pokeArrival(id.slice(0, slash), id.slice(slash + 1)));
    }
    this.#woken.clear();
    await Promise.all(this.#running);
  }

  #add(work: Promise<void>): void {
    this.#running.push(work.catch((error: unknown) => reportError(this.#ports.logger, "follow-up", error)));
  }
}
