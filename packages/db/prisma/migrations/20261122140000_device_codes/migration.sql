-- Machines that are signed in through a browser.

-- CreateTable
CREATE TABLE "device_codes" (
    "token_hash" TEXT NOT NULL,
    "user_code_hash" TEXT NOT NULL,
    "client_name" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "denied_at" TIMESTAMPTZ(3),

    CONSTRAINT "device_codes_pkey" PRIMARY KEY ("token_hash")
);

-- CreateIndex
CREATE UNIQUE INDEX "device_codes_user_code_hash_key" ON "device_codes"("user_code_hash");

-- CreateIndex
CREATE INDEX "device_codes_expires_at_idx" ON "device_codes"("expires_at");

-- A login is a token that acts as the member who approved it.
ALTER TABLE "api_tokens" DROP CONSTRAINT "api_tokens_kind_check";
ALTER TABLE "api_tokens" ADD CONSTRAINT "api_tokens_kind_check" CHECK (kind IN ('token', 'login', 'upload_ticket', 'dump_ticket'));

-- No organization yet: whoever knows the secret or the typed code sees the one row, nobody can list.
ALTER TABLE "device_codes" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "device_codes" FORCE ROW LEVEL SECURITY;
CREATE POLICY by_code ON "device_codes"
  USING (NULLIF(current_setting('salvage.token_hash', true), '') IN (token_hash, user_code_hash))
  WITH CHECK (NULLIF(current_setting('salvage.token_hash', true), '') IN (token_hash, user_code_hash));
GRANT SELECT, INSERT, UPDATE, DELETE ON "device_codes" TO salvage_app;
GRANT SELECT, DELETE ON "device_codes" TO salvage_system;
