-- AlterTable
ALTER TABLE "rooms" ADD COLUMN "retention_days" INTEGER;

-- AlterTable
ALTER TABLE "room_heads" ADD COLUMN "oldest_at" TIMESTAMPTZ(3) NOT NULL DEFAULT '-infinity';
ALTER TABLE "room_heads" ADD COLUMN "removed_epoch" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "room_heads" ADD COLUMN "removed_seq" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "room_heads" ADD COLUMN "removed_n" BIGINT NOT NULL DEFAULT 0;

-- CreateIndex
CREATE INDEX "room_heads_oldest_at_idx" ON "room_heads"("oldest_at");

-- By hand: few rooms have a retention of their own.
CREATE INDEX "rooms_retention_idx" ON "rooms"("id") WHERE "retention_days" IS NOT NULL;
