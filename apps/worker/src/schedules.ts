/** The schedules that drive housekeeping. Kept in Temporal, whose store may be lost: so the worker makes sure of them again and again. */
import { taskQueues, workflowIds, workflowTypes } from "@salvage/contracts";
import { type Client, ScheduleAlreadyRunning } from "@temporalio/client";

const schedules = [
  { id: workflowIds.sweep(), workflowType: workflowTypes.sweep, every: "30 seconds" },
  { id: workflowIds.retention(), workflowType: workflowTypes.retention, every: "5 minutes" },
  { id: workflowIds.refresh(), workflowType: workflowTypes.refresh, every: "10 minutes" },
] as const;

/** Creates the schedules that do not exist. */
export async function ensureSchedules(client: Client): Promise<void> {
  for (const { id, workflowType, every } of schedules) {
    try {
      await client.schedule.create({
        scheduleId: id,
        spec: { intervals: [{ every }] },
        // A round that takes longer than its interval is not overtaken; rounds missed while nothing ran are not made up for.
        policies: { overlap: "SKIP", catchupWindow: "1 minute" },
        action: { type: "startWorkflow", workflowType, workflowId: id, taskQueue: taskQueues.main, args: [] },
        state: { triggerImmediately: true },
      });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
  }
}
