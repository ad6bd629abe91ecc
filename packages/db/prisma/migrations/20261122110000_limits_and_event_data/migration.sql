-- What senders say beside the dump has columns of its own; limits of a project and an organization; what a refusal met.

-- AlterTable
ALTER TABLE "organizations" ADD COLUMN     "rate_limit_per_minute" INTEGER;

-- AlterTable
ALTER TABLE "projects" ADD COLUMN     "max_attachment_bytes" BIGINT,
ADD COLUMN     "max_attachments" INTEGER,
ADD COLUMN     "max_dump_bytes" BIGINT,
ADD COLUMN     "rate_limit_per_minute" INTEGER;

-- AlterTable
ALTER TABLE "refusal_counts" ADD COLUMN     "knob" TEXT,
ADD COLUMN     "limit_value" BIGINT,
ADD COLUMN     "seen_value" BIGINT;

-- AlterTable
ALTER TABLE "crashes" ADD COLUMN     "breadcrumbs" JSONB NOT NULL DEFAULT '[]',
ADD COLUMN     "contexts" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN     "dist" TEXT,
ADD COLUMN     "intake_notes" TEXT[] DEFAULT ARRAY[]::TEXT[];
