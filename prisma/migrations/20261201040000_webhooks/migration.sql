-- CreateTable
CREATE TABLE "webhook_lanes" (
    "id" BIGSERIAL NOT NULL,
    "webhook_id" BIGINT NOT NULL,
    "room_id" BIGINT,
    "next" BIGINT NOT NULL,
    "until" BIGINT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "since" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_status" INTEGER,
    "last_error" TEXT,

    CONSTRAINT "webhook_lanes_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "webhook_dead_letters" (
    "webhook_id" BIGINT NOT NULL,
    "position" BIGINT NOT NULL,
    "type" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "last_status" INTEGER,
    "last_error" TEXT,

    CONSTRAINT "webhook_dead_letters_pkey" PRIMARY KEY ("webhook_id","position")
);

-- CreateIndex
CREATE INDEX "webhook_lanes_webhook_id_idx" ON "webhook_lanes"("webhook_id");

-- AddForeignKey
ALTER TABLE "webhook_lanes" ADD CONSTRAINT "webhook_lanes_webhook_id_fkey" FOREIGN KEY ("webhook_id") REFERENCES "webhooks"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "webhook_dead_letters" ADD CONSTRAINT "webhook_dead_letters_webhook_id_fkey" FOREIGN KEY ("webhook_id") REFERENCES "webhooks"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand: API keys that may read events are listeners as well.
CREATE OR REPLACE VIEW "event_listeners" AS
SELECT 'webhook' AS "kind", "id"::text AS "id" FROM "webhooks"
UNION ALL
SELECT 'key', "id" FROM "api_keys"
WHERE "revoked_at" IS NULL AND ("expires_at" IS NULL OR "expires_at" > now()) AND 'events:read' = ANY("scopes");
