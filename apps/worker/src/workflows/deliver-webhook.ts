/**
 * Delivers one webhook: tries, and tries again after growing pauses, until the receiver answers 2xx, the delivery is
 * withdrawn or the tries are used up. Guarantees at least one delivery attempt, and that the outcome of each is recorded;
 * receivers tell repeats apart by the delivery id.
 */
import type { WebhookInput } from "@salvage/contracts";
import { taskQueues } from "@salvage/contracts/workflow-names";
import { proxyActivities, sleep } from "@temporalio/workflow";
import type { WebhookActivities } from "../activities/webhook.ts";

// One request of at most 10 s. Temporal's own retries are for our database only: what the receiver answers is a result.
const { attemptDelivery } = proxyActivities<WebhookActivities>({
  taskQueue: taskQueues.main,
  startToCloseTimeout: "30 seconds",
  retry: { initialInterval: "2 seconds", maximumAttempts: 5 },
});

/** Delivers `input.deliveryId`. */
export async function deliverWebhook(input: WebhookInput): Promise<void> {
  for (;;) {
    const { nextAttemptInMs } = await attemptDelivery(input);
    if (nextAttemptInMs === null) return;
    await sleep(nextAttemptInMs);
  }
}
