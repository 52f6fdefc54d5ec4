-- CreateTable
CREATE TABLE "revoked_sessions" (
    "token_id" TEXT NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "revoked_sessions_pkey" PRIMARY KEY ("token_id")
);

-- CreateIndex
CREATE INDEX "revoked_sessions_ends_at_idx" ON "revoked_sessions"("ends_at");
