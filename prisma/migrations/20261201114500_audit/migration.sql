-- CreateTable
CREATE TABLE "audit" (
    "at" TIMESTAMPTZ(3) NOT NULL,
    "id" UUID NOT NULL,
    "key_id" TEXT,
    "acting_user_id" BIGINT,
    "action" TEXT NOT NULL,
    "room_id" BIGINT,
    "user_id" BIGINT,
    "target" TEXT,
    "status" SMALLINT NOT NULL,
    "count" INTEGER NOT NULL DEFAULT 1,
    "request_id" TEXT NOT NULL,

    CONSTRAINT "audit_pkey" PRIMARY KEY ("at","id")
);

-- CreateIndex
CREATE INDEX "audit_key_id_at_idx" ON "audit"("key_id", "at");

-- CreateIndex
CREATE INDEX "audit_acting_user_id_at_idx" ON "audit"("acting_user_id", "at");

-- CreateIndex
CREATE INDEX "audit_user_id_at_idx" ON "audit"("user_id", "at");

-- CreateIndex
CREATE INDEX "audit_room_id_at_idx" ON "audit"("room_id", "at");

-- CreateIndex
CREATE INDEX "audit_action_at_idx" ON "audit"("action", "at");
