/**
 * The limits that hold for the posts of one client key: what was set for key, project and organization, else the operator's numbers.
 * For sizes, counts and storage the operator's number is also the most. Each limit knows the setting that changes it.
 */
import type { LimitKnob } from "@salvage/contracts";
import type { FoundClientKey } from "@salvage/db/system";
import type { OperatorLimits } from "../limits.ts";
import type { Rate } from "./rate-limit.ts";

export type Limit = { value: number; knob: LimitKnob };
export type CrashRate = Rate & { knob: LimitKnob; of: string };

export function maxDumpBytesOf(operator: OperatorLimits, key: FoundClientKey): Limit {
  return least(operator.maxDumpBytes, "MAX_DUMP_BYTES", key.maxDumpBytes, "project_dump_bytes");
}

export function attachmentLimitsOf(operator: OperatorLimits, key: FoundClientKey): { maxBytes: number; maxCount: number } {
  return {
    maxBytes: Math.min(operator.maxAttachmentBytes, key.maxAttachmentBytes ?? operator.maxAttachmentBytes),
    maxCount: Math.min(operator.maxAttachments, key.maxAttachments ?? operator.maxAttachments),
  };
}

/** Null: no quota. */
export function storageOf(operator: OperatorLimits, key: FoundClientKey): Limit | null {
  const most = operator.organizationStorageBytes;
  if (most > 0) return least(most, "ORGANIZATION_STORAGE_BYTES", key.storageQuotaBytes, "organization_storage");
  return key.storageQuotaBytes === null ? null : { value: key.storageQuotaBytes, knob: "organization_storage" };
}

/** Rates of key, project and organization, those that have none left out. */
export function ratesOf(operator: OperatorLimits, key: FoundClientKey): CrashRate[] {
  const rate = (id: string, of: string, set: number | null, knob: LimitKnob, usual: number | null, usualKnob: LimitKnob): CrashRate[] => {
    if (set !== null) return [{ id, of, perMinute: set, knob }];
    return usual === null ? [] : [{ id, of, perMinute: usual, knob: usualKnob }];
  };
  const { keyId, projectId, organizationId } = key;
  const usualOfProject = operator.projectRateLimitPerMinute || null;
  const usualOfOrganization = operator.organizationRateLimitPerMinute || null;
  return [
    ...rate(
      `k${keyId}`,
      "client key",
      key.rateLimitPerMinute,
      "key_rate",
      operator.defaultRateLimitPerMinute,
      "DEFAULT_RATE_LIMIT_PER_MINUTE",
    ),
    ...rate(`p${projectId}`, "project", key.projectRateLimitPerMinute, "project_rate", usualOfProject, "PROJECT_RATE_LIMIT_PER_MINUTE"),
    ...rate(
      `o${organizationId}`,
      "organization",
      key.organizationRateLimitPerMinute,
      "organization_rate",
      usualOfOrganization,
      "ORGANIZATION_RATE_LIMIT_PER_MINUTE",
    ),
  ];
}

function least(most: number, mostKnob: LimitKnob, set: number | null, setKnob: LimitKnob): Limit {
  return set !== null && set < most ? { value: set, knob: setKnob } : { value: most, knob: mostKnob };
}
