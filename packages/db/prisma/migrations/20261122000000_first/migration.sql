-- The first schema. The upper part is what Prisma makes of prisma/schema.prisma; the lower part is ours.
-- CreateTable
CREATE TABLE "users" (
    "id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "password_hash" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "users_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sessions" (
    "id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "user_agent" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "sessions_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sign_in_throttles" (
    "key" TEXT NOT NULL,
    "failures" INTEGER NOT NULL,
    "last_failure_at" TIMESTAMPTZ(3) NOT NULL,
    "blocked_until" TIMESTAMPTZ(3),

    CONSTRAINT "sign_in_throttles_pkey" PRIMARY KEY ("key")
);

-- CreateTable
CREATE TABLE "organizations" (
    "id" UUID NOT NULL,
    "slug" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "storage_quota_bytes" BIGINT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "organizations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "storage_usage" (
    "organization_id" UUID NOT NULL,
    "used_bytes" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "storage_usage_pkey" PRIMARY KEY ("organization_id")
);

-- CreateTable
CREATE TABLE "memberships" (
    "organization_id" UUID NOT NULL,
    "user_id" UUID NOT NULL,
    "role" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "memberships_pkey" PRIMARY KEY ("organization_id","user_id")
);

-- CreateTable
CREATE TABLE "invitations" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "email" TEXT,
    "role" TEXT NOT NULL,
    "token_hash" TEXT NOT NULL,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "accepted_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "invitations_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_tokens" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "token_hash" TEXT NOT NULL,
    "hint" TEXT NOT NULL,
    "scopes" TEXT[],
    "project_id" BIGINT,
    "crash_id" UUID,
    "created_by" TEXT NOT NULL,
    "created_by_user_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3),
    "last_used_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),
    "used_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_entries" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "detail" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "projects" (
    "id" BIGSERIAL NOT NULL,
    "organization_id" UUID NOT NULL,
    "slug" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "own_patterns" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "not_own_patterns" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "wait_for_symbols_days" INTEGER NOT NULL DEFAULT 7,
    "keep_dump_days" INTEGER NOT NULL DEFAULT 0,
    "report_retention_days" INTEGER NOT NULL DEFAULT 90,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "projects_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "client_keys" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "project_id" BIGINT NOT NULL,
    "name" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "disabled" BOOLEAN NOT NULL DEFAULT false,
    "rate_limit_per_minute" INTEGER,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_used_at" TIMESTAMPTZ(3),

    CONSTRAINT "client_keys_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "refusal_counts" (
    "project_id" BIGINT NOT NULL,
    "day" DATE NOT NULL,
    "reason" TEXT NOT NULL,
    "organization_id" UUID NOT NULL,
    "count" INTEGER NOT NULL,
    "last_at" TIMESTAMPTZ(3) NOT NULL,
    "example" TEXT,

    CONSTRAINT "refusal_counts_pkey" PRIMARY KEY ("project_id","day","reason")
);

-- CreateTable
CREATE TABLE "crashes" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "project_id" BIGINT NOT NULL,
    "client_key_id" UUID,
    "state" TEXT NOT NULL DEFAULT 'received',
    "revision" INTEGER NOT NULL DEFAULT 0,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),
    "deleted_at" TIMESTAMPTZ(3),
    "event_id" TEXT,
    "sha256" TEXT NOT NULL,
    "fields_sha256" TEXT NOT NULL,
    "release" TEXT,
    "environment" TEXT,
    "user_label" TEXT,
    "tags" JSONB NOT NULL DEFAULT '{}',
    "extra" JSONB NOT NULL DEFAULT '{}',
    "report_blob_key" TEXT,
    "issue_id" UUID,
    "grouping_key" TEXT,
    "grouping_provisional" BOOLEAN NOT NULL DEFAULT false,
    "signature" TEXT,
    "crash_reason" TEXT,
    "crash_address" TEXT,
    "os" TEXT,
    "cpu" TEXT,
    "cause" TEXT,
    "missing_count" INTEGER NOT NULL DEFAULT 0,
    "used_debug_file_ids" UUID[] DEFAULT ARRAY[]::UUID[],
    "rejection_reason" TEXT,
    "rejection_offset" BIGINT,
    "dump_state" TEXT NOT NULL DEFAULT 'held',
    "dump_blob_key" TEXT NOT NULL,
    "dump_wrapped_key" BYTEA,
    "dump_key_id" TEXT NOT NULL,
    "dump_size_bytes" BIGINT NOT NULL,
    "dump_delete_after" TIMESTAMPTZ(3),
    "dump_deleted_at" TIMESTAMPTZ(3),
    "dump_deleted_reason" TEXT,
    "queued_at" TIMESTAMPTZ(3),
    "claim_token" UUID,
    "claimed_at" TIMESTAMPTZ(3),
    "lease_until" TIMESTAMPTZ(3),
    "attempt_open" BOOLEAN NOT NULL DEFAULT false,
    "deaths" INTEGER NOT NULL DEFAULT 0,
    "deaths_alone" INTEGER NOT NULL DEFAULT 0,
    "last_failure" TEXT,
    "upgrade_blocked_at" TIMESTAMPTZ(3),

    CONSTRAINT "crashes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "crash_attachments" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "crash_id" UUID NOT NULL,
    "file_name" TEXT NOT NULL,
    "content_type" TEXT,
    "size_bytes" BIGINT NOT NULL,
    "blob_key" TEXT NOT NULL,
    "wrapped_key" BYTEA NOT NULL,
    "key_id" TEXT NOT NULL,

    CONSTRAINT "crash_attachments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "reports" (
    "crash_id" UUID NOT NULL,
    "revision" INTEGER NOT NULL,
    "organization_id" UUID NOT NULL,
    "kind" TEXT NOT NULL,
    "blob_key" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "core_version" TEXT NOT NULL,
    "signature" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "reports_pkey" PRIMARY KEY ("crash_id","revision")
);

-- CreateTable
CREATE TABLE "issues" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "project_id" BIGINT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'new',
    "signature" TEXT NOT NULL,
    "cause" TEXT,
    "provisional" BOOLEAN NOT NULL DEFAULT false,
    "crash_count" INTEGER NOT NULL DEFAULT 0,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "state_changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "resolved_at" TIMESTAMPTZ(3),
    "versions" TEXT[] DEFAULT ARRAY[]::TEXT[],

    CONSTRAINT "issues_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "issue_keys" (
    "project_id" BIGINT NOT NULL,
    "grouping_key" TEXT NOT NULL,
    "issue_id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,

    CONSTRAINT "issue_keys_pkey" PRIMARY KEY ("project_id","grouping_key")
);

-- CreateTable
CREATE TABLE "issue_redirects" (
    "from_issue_id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "to_issue_id" UUID NOT NULL,

    CONSTRAINT "issue_redirects_pkey" PRIMARY KEY ("from_issue_id")
);

-- CreateTable
CREATE TABLE "missing_files" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "project_id" BIGINT NOT NULL,
    "file_key" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "code_file" TEXT NOT NULL,
    "debug_file" TEXT,
    "debug_id" TEXT,
    "code_id" TEXT,
    "os" TEXT,
    "cpu" TEXT,
    "own" BOOLEAN NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'open',
    "needs" TEXT NOT NULL,
    "versions" TEXT[] DEFAULT ARRAY[]::TEXT[],
    "waiting_crashes" INTEGER NOT NULL DEFAULT 0,
    "sample_frame" TEXT,
    "first_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "last_seen_at" TIMESTAMPTZ(3) NOT NULL,
    "found_at" TIMESTAMPTZ(3),
    "ignore_rule_id" UUID,

    CONSTRAINT "missing_files_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "crash_missing_files" (
    "crash_id" UUID NOT NULL,
    "missing_file_id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "file_key" TEXT NOT NULL,
    "needs" TEXT NOT NULL,
    "own" BOOLEAN NOT NULL,
    "open" BOOLEAN NOT NULL DEFAULT true,
    "checked_at" TIMESTAMPTZ(3) NOT NULL,
    "closed_at" TIMESTAMPTZ(3),

    CONSTRAINT "crash_missing_files_pkey" PRIMARY KEY ("crash_id","missing_file_id")
);

-- CreateTable
CREATE TABLE "ignore_rules" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "project_id" BIGINT NOT NULL,
    "pattern" TEXT,
    "version" TEXT,
    "created_by" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "ignore_rules_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "arrival_progress" (
    "organization_id" UUID NOT NULL,
    "file_key" TEXT NOT NULL,
    "done" INTEGER NOT NULL,
    "total" INTEGER NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "arrival_progress_pkey" PRIMARY KEY ("organization_id","file_key")
);

-- CreateTable
CREATE TABLE "debug_file_uploads" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "project_id" BIGINT,
    "actor" TEXT NOT NULL,
    "file_name" TEXT NOT NULL,
    "blob_key" TEXT NOT NULL,
    "size_bytes" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'received',
    "reason" TEXT,
    "verdicts" JSONB NOT NULL DEFAULT '[]',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),
    "superseded" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "debug_file_uploads_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "debug_files" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "upload_id" UUID NOT NULL,
    "file_key" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "debug_id" TEXT,
    "code_id" TEXT,
    "cpu" TEXT,
    "os" TEXT,
    "features" TEXT[],
    "size_bytes" BIGINT NOT NULL,
    "sha256" TEXT NOT NULL,
    "source_blob_key" TEXT NOT NULL,
    "symcache_blob_key" TEXT,
    "symcache_format_version" INTEGER,
    "symcache_size_bytes" BIGINT NOT NULL DEFAULT 0,
    "has_names" BOOLEAN NOT NULL,
    "has_unwind" BOOLEAN NOT NULL,
    "ready_at" TIMESTAMPTZ(3) NOT NULL,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "debug_files_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhooks" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "project_id" BIGINT NOT NULL,
    "url" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "events" TEXT[],
    "disabled" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhooks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhook_deliveries" (
    "id" UUID NOT NULL,
    "organization_id" UUID NOT NULL,
    "webhook_id" UUID NOT NULL,
    "event" TEXT NOT NULL,
    "state" TEXT NOT NULL DEFAULT 'pending',
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "last_status" INTEGER,
    "last_error" TEXT,
    "next_attempt_at" TIMESTAMPTZ(3),
    "issue_id" UUID NOT NULL,
    "crash_id" UUID,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhook_deliveries_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "users_email_key" ON "users"("email");

-- CreateIndex
CREATE INDEX "sessions_user_id_idx" ON "sessions"("user_id");

-- CreateIndex
CREATE INDEX "sessions_expires_at_idx" ON "sessions"("expires_at");

-- CreateIndex
CREATE INDEX "sign_in_throttles_last_failure_at_idx" ON "sign_in_throttles"("last_failure_at");

-- CreateIndex
CREATE UNIQUE INDEX "organizations_slug_key" ON "organizations"("slug");

-- CreateIndex
CREATE INDEX "memberships_user_id_idx" ON "memberships"("user_id");

-- CreateIndex
CREATE UNIQUE INDEX "invitations_token_hash_key" ON "invitations"("token_hash");

-- CreateIndex
CREATE INDEX "invitations_organization_id_created_at_idx" ON "invitations"("organization_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "api_tokens_token_hash_key" ON "api_tokens"("token_hash");

-- CreateIndex
CREATE INDEX "api_tokens_organization_id_kind_created_at_idx" ON "api_tokens"("organization_id", "kind", "created_at");

-- CreateIndex
CREATE INDEX "api_tokens_project_id_idx" ON "api_tokens"("project_id");

-- CreateIndex
CREATE INDEX "api_tokens_crash_id_idx" ON "api_tokens"("crash_id");

-- CreateIndex
CREATE INDEX "audit_entries_organization_id_at_id_idx" ON "audit_entries"("organization_id", "at", "id");

-- CreateIndex
CREATE UNIQUE INDEX "projects_id_organization_id_key" ON "projects"("id", "organization_id");

-- CreateIndex
CREATE UNIQUE INDEX "projects_organization_id_slug_key" ON "projects"("organization_id", "slug");

-- CreateIndex
CREATE UNIQUE INDEX "client_keys_public_key_key" ON "client_keys"("public_key");

-- CreateIndex
CREATE INDEX "client_keys_project_id_created_at_idx" ON "client_keys"("project_id", "created_at");

-- CreateIndex
CREATE INDEX "refusal_counts_day_idx" ON "refusal_counts"("day");

-- CreateIndex
CREATE INDEX "crashes_project_id_received_at_id_idx" ON "crashes"("project_id", "received_at", "id");

-- CreateIndex
CREATE INDEX "crashes_project_id_state_received_at_id_idx" ON "crashes"("project_id", "state", "received_at", "id");

-- CreateIndex
CREATE INDEX "crashes_issue_id_received_at_id_idx" ON "crashes"("issue_id", "received_at", "id");

-- CreateIndex
CREATE INDEX "crashes_project_id_sha256_idx" ON "crashes"("project_id", "sha256");

-- CreateIndex
CREATE UNIQUE INDEX "crashes_id_organization_id_key" ON "crashes"("id", "organization_id");

-- CreateIndex
CREATE UNIQUE INDEX "crashes_project_id_event_id_key" ON "crashes"("project_id", "event_id");

-- CreateIndex
CREATE INDEX "crash_attachments_crash_id_idx" ON "crash_attachments"("crash_id");

-- CreateIndex
CREATE INDEX "issues_project_id_last_seen_at_id_idx" ON "issues"("project_id", "last_seen_at", "id");

-- CreateIndex
CREATE INDEX "issues_project_id_first_seen_at_id_idx" ON "issues"("project_id", "first_seen_at", "id");

-- CreateIndex
CREATE INDEX "issues_project_id_crash_count_id_idx" ON "issues"("project_id", "crash_count", "id");

-- CreateIndex
CREATE UNIQUE INDEX "issues_id_organization_id_key" ON "issues"("id", "organization_id");

-- CreateIndex
CREATE INDEX "issue_keys_issue_id_idx" ON "issue_keys"("issue_id");

-- CreateIndex
CREATE INDEX "issue_redirects_to_issue_id_idx" ON "issue_redirects"("to_issue_id");

-- CreateIndex
CREATE INDEX "missing_files_organization_id_file_key_idx" ON "missing_files"("organization_id", "file_key");

-- CreateIndex
CREATE INDEX "missing_files_project_id_waiting_crashes_id_idx" ON "missing_files"("project_id", "waiting_crashes", "id");

-- CreateIndex
CREATE UNIQUE INDEX "missing_files_id_organization_id_key" ON "missing_files"("id", "organization_id");

-- CreateIndex
CREATE UNIQUE INDEX "missing_files_project_id_file_key_key" ON "missing_files"("project_id", "file_key");

-- CreateIndex
CREATE INDEX "crash_missing_files_missing_file_id_crash_id_idx" ON "crash_missing_files"("missing_file_id", "crash_id");

-- CreateIndex
CREATE INDEX "ignore_rules_project_id_created_at_idx" ON "ignore_rules"("project_id", "created_at");

-- CreateIndex
CREATE INDEX "debug_file_uploads_organization_id_created_at_id_idx" ON "debug_file_uploads"("organization_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "debug_file_uploads_organization_id_sha256_idx" ON "debug_file_uploads"("organization_id", "sha256");

-- CreateIndex
CREATE INDEX "debug_file_uploads_project_id_idx" ON "debug_file_uploads"("project_id");

-- CreateIndex
CREATE UNIQUE INDEX "debug_file_uploads_id_organization_id_key" ON "debug_file_uploads"("id", "organization_id");

-- CreateIndex
CREATE INDEX "debug_files_organization_id_file_key_ready_at_idx" ON "debug_files"("organization_id", "file_key", "ready_at");

-- CreateIndex
CREATE INDEX "debug_files_organization_id_ready_at_id_idx" ON "debug_files"("organization_id", "ready_at", "id");

-- CreateIndex
CREATE INDEX "debug_files_upload_id_idx" ON "debug_files"("upload_id");

-- CreateIndex
CREATE INDEX "webhooks_project_id_created_at_idx" ON "webhooks"("project_id", "created_at");

-- CreateIndex
CREATE UNIQUE INDEX "webhooks_id_organization_id_key" ON "webhooks"("id", "organization_id");

-- CreateIndex
CREATE INDEX "webhook_deliveries_webhook_id_created_at_idx" ON "webhook_deliveries"("webhook_id", "created_at");

-- AddForeignKey
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "storage_usage" ADD CONSTRAINT "storage_usage_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_project_id_organization_id_fkey" FOREIGN KEY ("project_id", "organization_id") REFERENCES "projects"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_crash_id_organization_id_fkey" FOREIGN KEY ("crash_id", "organization_id") REFERENCES "crashes"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "audit_entries" ADD CONSTRAINT "audit_entries_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "projects" ADD CONSTRAINT "projects_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "client_keys" ADD CONSTRAINT "client_keys_project_id_organization_id_fkey" FOREIGN KEY ("project_id", "organization_id") REFERENCES "projects"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "refusal_counts" ADD CONSTRAINT "refusal_counts_project_id_organization_id_fkey" FOREIGN KEY ("project_id", "organization_id") REFERENCES "projects"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "crashes" ADD CONSTRAINT "crashes_project_id_organization_id_fkey" FOREIGN KEY ("project_id", "organization_id") REFERENCES "projects"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "crashes" ADD CONSTRAINT "crashes_issue_id_organization_id_fkey" FOREIGN KEY ("issue_id", "organization_id") REFERENCES "issues"("id", "organization_id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "crash_attachments" ADD CONSTRAINT "crash_attachments_crash_id_organization_id_fkey" FOREIGN KEY ("crash_id", "organization_id") REFERENCES "crashes"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reports" ADD CONSTRAINT "reports_crash_id_organization_id_fkey" FOREIGN KEY ("crash_id", "organization_id") REFERENCES "crashes"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "issues" ADD CONSTRAINT "issues_project_id_organization_id_fkey" FOREIGN KEY ("project_id", "organization_id") REFERENCES "projects"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "issue_keys" ADD CONSTRAINT "issue_keys_issue_id_organization_id_fkey" FOREIGN KEY ("issue_id", "organization_id") REFERENCES "issues"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "issue_redirects" ADD CONSTRAINT "issue_redirects_to_issue_id_organization_id_fkey" FOREIGN KEY ("to_issue_id", "organization_id") REFERENCES "issues"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "missing_files" ADD CONSTRAINT "missing_files_project_id_organization_id_fkey" FOREIGN KEY ("project_id", "organization_id") REFERENCES "projects"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "crash_missing_files" ADD CONSTRAINT "crash_missing_files_crash_id_organization_id_fkey" FOREIGN KEY ("crash_id", "organization_id") REFERENCES "crashes"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "crash_missing_files" ADD CONSTRAINT "crash_missing_files_missing_file_id_organization_id_fkey" FOREIGN KEY ("missing_file_id", "organization_id") REFERENCES "missing_files"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "ignore_rules" ADD CONSTRAINT "ignore_rules_project_id_organization_id_fkey" FOREIGN KEY ("project_id", "organization_id") REFERENCES "projects"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "arrival_progress" ADD CONSTRAINT "arrival_progress_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "debug_file_uploads" ADD CONSTRAINT "debug_file_uploads_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "debug_file_uploads" ADD CONSTRAINT "debug_file_uploads_project_id_organization_id_fkey" FOREIGN KEY ("project_id", "organization_id") REFERENCES "projects"("id", "organization_id") ON DELETE NO ACTION ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "debug_files" ADD CONSTRAINT "debug_files_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "debug_files" ADD CONSTRAINT "debug_files_upload_id_organization_id_fkey" FOREIGN KEY ("upload_id", "organization_id") REFERENCES "debug_file_uploads"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhooks" ADD CONSTRAINT "webhooks_project_id_organization_id_fkey" FOREIGN KEY ("project_id", "organization_id") REFERENCES "projects"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_webhook_id_organization_id_fkey" FOREIGN KEY ("webhook_id", "organization_id") REFERENCES "webhooks"("id", "organization_id") ON DELETE CASCADE ON UPDATE CASCADE;


-- ─── what Prisma's language cannot say ──────────────────────────────────────

-- One of a few words (packages/contracts/src/states.ts, permissions.ts).
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_role_check" CHECK (role IN ('owner', 'admin', 'member', 'viewer'));
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_role_check" CHECK (role IN ('owner', 'admin', 'member', 'viewer'));
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_kind_check" CHECK (kind IN ('token', 'upload_ticket', 'dump_ticket'));
ALTER TABLE "crashes" ADD CONSTRAINT "crashes_state_check" CHECK (state IN ('received', 'processing', 'provisional', 'complete', 'rejected'));
ALTER TABLE "crashes" ADD CONSTRAINT "crashes_dump_state_check" CHECK (dump_state IN ('held', 'deleted'));
-- A held dump has its key; a deleted one has lost it.
ALTER TABLE "crashes" ADD CONSTRAINT "crashes_dump_key_check" CHECK ((dump_state = 'held') = (dump_wrapped_key IS NOT NULL));
ALTER TABLE "crashes" ADD CONSTRAINT "crashes_claim_check" CHECK ((claim_token IS NULL) = (lease_until IS NULL));
ALTER TABLE "reports" ADD CONSTRAINT "reports_kind_check" CHECK (kind IN ('first', 'names_only', 're_walk', 'again'));
ALTER TABLE "issues" ADD CONSTRAINT "issues_state_check" CHECK (state IN ('new', 'ongoing', 'regressed', 'resolved', 'ignored'));
ALTER TABLE "missing_files" ADD CONSTRAINT "missing_files_state_check" CHECK (state IN ('open', 'found', 'ignored'));
ALTER TABLE "missing_files" ADD CONSTRAINT "missing_files_needs_check" CHECK (needs IN ('names', 'unwind', 'both'));
ALTER TABLE "crash_missing_files" ADD CONSTRAINT "crash_missing_files_needs_check" CHECK (needs IN ('names', 'unwind', 'both'));
ALTER TABLE "ignore_rules" ADD CONSTRAINT "ignore_rules_one_check" CHECK ((pattern IS NULL) <> (version IS NULL));
ALTER TABLE "debug_file_uploads" ADD CONSTRAINT "debug_file_uploads_state_check" CHECK (state IN ('received', 'checking', 'ready', 'rejected'));
ALTER TABLE "debug_files" ADD CONSTRAINT "debug_files_kind_check" CHECK (kind IN ('breakpad', 'elf', 'pe', 'pdb', 'macho'));
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_event_check" CHECK (event IN ('issue.new', 'issue.regressed'));
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_state_check" CHECK (state IN ('pending', 'delivered', 'failed'));

-- Queues and claims: small, because they hold only the rows in question.
CREATE INDEX "crashes_queue" ON "crashes" (project_id, queued_at, id) WHERE queued_at IS NOT NULL;
CREATE INDEX "crashes_claimed" ON "crashes" (claim_token) WHERE claim_token IS NOT NULL;
CREATE INDEX "crashes_dump_due" ON "crashes" (dump_delete_after, id) WHERE dump_state = 'held' AND dump_delete_after IS NOT NULL;
CREATE INDEX "crashes_deleted" ON "crashes" (deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX "crash_missing_files_waiting" ON "crash_missing_files" (organization_id, file_key, (needs <> 'names'), crash_id) WHERE open;
CREATE INDEX "missing_files_blocking" ON "missing_files" (project_id) WHERE state = 'open' AND own AND waiting_crashes > 0;
CREATE UNIQUE INDEX "debug_files_bytes" ON "debug_files" (organization_id, sha256) WHERE deleted_at IS NULL;
CREATE INDEX "debug_files_deleted" ON "debug_files" (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX "debug_file_uploads_in_work" ON "debug_file_uploads" (updated_at) WHERE state IN ('received', 'checking');
CREATE INDEX "webhook_deliveries_pending" ON "webhook_deliveries" (next_attempt_at) WHERE state = 'pending';
CREATE INDEX "issues_aging" ON "issues" (state_changed_at) WHERE state IN ('new', 'regressed');

-- Claims and finishes rewrite a crash's row a few times: leave room for it on its page.
ALTER TABLE "crashes" SET (fillfactor = 80);
ALTER TABLE "issues" SET (fillfactor = 70);
ALTER TABLE "missing_files" SET (fillfactor = 70);
ALTER TABLE "storage_usage" SET (fillfactor = 50);

-- ─── row-level security: the second wall ────────────────────────────────────
-- Every transaction of the app role starts with set_config('salvage.organization_id', …, true). Afterwards the setting is
-- an empty string, not null, hence NULLIF; without a setting nothing is visible.

DO $do$
DECLARE
  tenant_table text;
BEGIN
  FOREACH tenant_table IN ARRAY ARRAY[
    'storage_usage', 'memberships', 'invitations', 'api_tokens', 'audit_entries', 'projects', 'client_keys', 'refusal_counts', 'crashes',
    'crash_attachments', 'reports', 'issues', 'issue_keys', 'issue_redirects', 'missing_files', 'crash_missing_files', 'ignore_rules',
    'arrival_progress', 'debug_file_uploads', 'debug_files', 'webhooks', 'webhook_deliveries'
  ] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
    EXECUTE format(
      'CREATE POLICY organization ON %I USING (organization_id = NULLIF(current_setting(''salvage.organization_id'', true), '''')::uuid)
       WITH CHECK (organization_id = NULLIF(current_setting(''salvage.organization_id'', true), '''')::uuid)', tenant_table);
  END LOOP;
END $do$;

ALTER TABLE "organizations" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "organizations" FORCE ROW LEVEL SECURITY;
CREATE POLICY organization ON "organizations"
  USING (id = NULLIF(current_setting('salvage.organization_id', true), '')::uuid)
  WITH CHECK (id = NULLIF(current_setting('salvage.organization_id', true), '')::uuid);
-- Before an organization is chosen, a signed-in user sees the own memberships and their organizations.
CREATE POLICY own_membership ON "memberships" FOR SELECT
  USING (user_id = NULLIF(current_setting('salvage.user_id', true), '')::uuid);
CREATE POLICY of_member ON "organizations" FOR SELECT
  USING (id IN (SELECT organization_id FROM memberships WHERE user_id = NULLIF(current_setting('salvage.user_id', true), '')::uuid));
-- Whoever knows a token knows its hash; nobody can list by it.
CREATE POLICY by_token ON "api_tokens" FOR SELECT USING (token_hash = NULLIF(current_setting('salvage.token_hash', true), ''));
CREATE POLICY by_token ON "invitations" FOR SELECT USING (token_hash = NULLIF(current_setting('salvage.token_hash', true), ''));

-- Users belong to no organization: oneself, the address that tries to sign in, and the members of the chosen organization.
ALTER TABLE "users" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "users" FORCE ROW LEVEL SECURITY;
CREATE POLICY self ON "users"
  USING (id = NULLIF(current_setting('salvage.user_id', true), '')::uuid)
  WITH CHECK (id = NULLIF(current_setting('salvage.user_id', true), '')::uuid);
CREATE POLICY by_email ON "users" FOR SELECT USING (email = NULLIF(current_setting('salvage.email', true), ''));
CREATE POLICY fellow_member ON "users" FOR SELECT
  USING (id IN (SELECT user_id FROM memberships WHERE organization_id = NULLIF(current_setting('salvage.organization_id', true), '')::uuid));
ALTER TABLE "sessions" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "sessions" FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON "sessions"
  USING (user_id = NULLIF(current_setting('salvage.user_id', true), '')::uuid)
  WITH CHECK (user_id = NULLIF(current_setting('salvage.user_id', true), '')::uuid);
CREATE POLICY by_id ON "sessions" FOR SELECT USING (id = NULLIF(current_setting('salvage.session_id', true), '')::uuid);

-- ─── grants ─────────────────────────────────────────────────────────────────
-- The roles exist before the first migration: `./salvage db setup` makes them or prints how.

GRANT USAGE ON SCHEMA public TO salvage_app, salvage_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON
  "users", "sessions", "sign_in_throttles", "organizations", "storage_usage", "memberships", "invitations", "api_tokens", "audit_entries",
  "projects", "client_keys", "refusal_counts", "crashes", "crash_attachments", "reports", "issues", "issue_keys", "issue_redirects",
  "missing_files", "crash_missing_files", "ignore_rules", "arrival_progress", "debug_file_uploads", "debug_files", "webhooks",
  "webhook_deliveries" TO salvage_system;
GRANT USAGE ON SEQUENCE "projects_id_seq" TO salvage_app, salvage_system;

GRANT SELECT ON
  "users", "sessions", "sign_in_throttles", "organizations", "storage_usage", "memberships", "invitations", "api_tokens", "audit_entries",
  "projects", "client_keys", "refusal_counts", "crashes", "crash_attachments", "reports", "issues", "issue_keys", "issue_redirects",
  "missing_files", "crash_missing_files", "ignore_rules", "arrival_progress", "debug_file_uploads", "debug_files", "webhooks",
  "webhook_deliveries" TO salvage_app;
GRANT INSERT ON
  "users", "sessions", "sign_in_throttles", "organizations", "storage_usage", "memberships", "invitations", "api_tokens", "audit_entries",
  "projects", "client_keys", "ignore_rules", "webhooks" TO salvage_app;
GRANT UPDATE ON
  "users", "sessions", "sign_in_throttles", "organizations", "memberships", "invitations", "api_tokens", "projects", "client_keys",
  "crashes", "issues", "missing_files", "crash_missing_files", "debug_file_uploads", "debug_files", "webhooks", "webhook_deliveries"
  TO salvage_app;
GRANT DELETE ON "sessions", "sign_in_throttles", "memberships", "client_keys", "ignore_rules", "webhooks" TO salvage_app;
