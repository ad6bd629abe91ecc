-- Crashes without a report are given up, too, and keep their dump then.

-- AlterTable
ALTER TABLE "crashes" RENAME COLUMN "upgrade_blocked_at" TO "given_up_at";
