/** Who may post a crash, and how often: the same for every endpoint by which crashes come in. */
import type { FoundClientKey } from "@salvage/db/system";
import type { OperatorLimits } from "../limits.ts";
import type { ClientKeys } from "./client-keys.ts";
import { type CrashRate, ratesOf } from "./crash-limits.ts";
import type { DiskWatermark } from "./disk.ts";
import { Dropped } from "./dropped.ts";
import { createRateLimiter } from "./rate-limit.ts";

export type Admission = {
  /**
   * @param publicKey as clientKeyOf found it
   * @throws AppError 403 for a key that is not the project's or is disabled; 503 when the database is away or the disk full
   */
  admit(projectId: string, publicKey: string): Promise<FoundClientKey>;
  /** Takes one crash from the rates of key, project and organization. @throws Dropped when one of them has nothing left */
  takeCrash(key: FoundClientKey): void;
};

export function createAdmission(ports: { clientKeys: ClientKeys; disk: DiskWatermark; limits: OperatorLimits }): Admission {
  const rateLimiter = createRateLimiter<CrashRate>();
  return {
    async admit(projectId, publicKey) {
      const key = await ports.clientKeys.authenticate(projectId, publicKey);
      await ports.disk.check();
      return key;
    },
    takeCrash(key) {
      const met = rateLimiter.takeAll(ratesOf(ports.limits, key));
      if (met === null) return;
      const { perMinute, of, knob } = met.over;
      const limit = { limit: perMinute, seen: met.askedThisMinute, knob };
      throw new Dropped("rate_limited", `more than ${perMinute} crashes a minute by this ${of}`, limit);
    },
  };
}
