-- CreateTable
CREATE TABLE "reports" (
    "id" BIGSERIAL NOT NULL,
    "room_id" BIGINT NOT NULL,
    "epoch" BIGINT NOT NULL,
    "seq" BIGINT NOT NULL,
    "reporter_id" BIGINT NOT NULL,
    "reporter_name" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "reported_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "reports_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "reports_room_id_epoch_seq_reporter_id_key" ON "reports"("room_id", "epoch", "seq", "reporter_id");

-- CreateIndex
CREATE INDEX "reports_room_id_id_idx" ON "reports"("room_id", "id");

-- AddForeignKey
ALTER TABLE "reports" ADD CONSTRAINT "reports_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "rooms"("id") ON DELETE CASCADE ON UPDATE CASCADE;
