-- CreateTable
CREATE TABLE "webhook_tests" (
    "id" BIGSERIAL NOT NULL,
    "webhook_id" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "taken_by" TEXT,
    "answered_at" TIMESTAMPTZ(3),
    "status" INTEGER,
    "error" TEXT,
    "ms" INTEGER,

    CONSTRAINT "webhook_tests_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "webhook_tests_webhook_id_idx" ON "webhook_tests"("webhook_id");

-- AddForeignKey
ALTER TABLE "webhook_tests" ADD CONSTRAINT "webhook_tests_webhook_id_fkey" FOREIGN KEY ("webhook_id") REFERENCES "webhooks"("id") ON DELETE CASCADE ON UPDATE CASCADE;
