/** What ingest asks of the database, in memory: for tests of HTTP behaviour and of a database that fails. */
import type { OrgGate } from "@salvage/db";
import type { FoundClientKey, ReceivedCrash, RefusalCount, SystemDb } from "@salvage/db/system";

export type MemoryDb = {
  db: SystemDb;
  gate: OrgGate;
  crashes: ReceivedCrash[];
  refusals: RefusalCount[];
  key: FoundClientKey;
  /** Set: the next calls of that kind reject. */
  fail: { find?: Error; insert?: Error; count?: Error };
  finds: number;
  countOf(reason: string): number;
};

export const publicKey = "0123456789abcdef0123456789abcdef";
export const otherKey = "ffffffffffffffffffffffffffffffff";

export function createMemoryDb(): MemoryDb {
  const memory: MemoryDb = {
    crashes: [],
    refusals: [],
    fail: {},
    finds: 0,
    key: {
      organizationId: "00000000-0000-4000-8000-000000000001",
      projectId: "42",
      keyId: "key-1",
      disabled: false,
      rateLimitPerMinute: null,
      projectRateLimitPerMinute: null,
      organizationRateLimitPerMinute: null,
      maxDumpBytes: null,
      maxAttachmentBytes: null,
      maxAttachments: null,
      storageUsedBytes: 0,
      storageQuotaBytes: null,
    },
    countOf: (reason) => memory.refusals.filter((refusal) => refusal.reason === reason).reduce((sum, refusal) => sum + refusal.count, 0),
    gate: { ping: async () => true, authorizeToken: async () => null, redeemDumpTicket: async () => null } as unknown as OrgGate,
    db: {
      ping: async () => true,
      keys: {
        async find(projectId: string, key: string) {
          memory.finds++;
          if (memory.fail.find !== undefined) throw memory.fail.find;
          if (projectId !== "42") return { found: "nothing" };
          return key === publicKey
            ? { found: "key", key: { ...memory.key } }
            : { found: "project", organizationId: memory.key.organizationId, projectId };
        },
        projectOf: async (key: string) => (key === publicKey ? "42" : null),
        touch: async () => undefined,
      },
      crashes: {
        async insertReceived(crash: ReceivedCrash) {
          if (memory.fail.insert !== undefined) throw memory.fail.insert;
          const first = memory.crashes.find((known) =>
            crash.eventId !== null
              ? known.eventId === crash.eventId
              : known.sha256 === crash.sha256 && known.fieldsSha256 === crash.fieldsSha256,
          );
          if (first !== undefined) return { crashId: first.id, duplicate: true };
          memory.crashes.push(crash);
          return { crashId: crash.id, duplicate: false };
        },
      },
      uploads: { insertReceived: () => Promise.reject(new Error("crashes only")) },
      refusals: {
        async count(refusals: readonly RefusalCount[]) {
          if (memory.fail.count !== undefined) throw memory.fail.count;
          memory.refusals.push(...refusals);
        },
      },
    } as unknown as SystemDb,
  };
  return memory;
}
