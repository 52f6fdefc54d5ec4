-- AlterTable
ALTER TABLE "messages" ADD COLUMN "client_msg_id" TEXT;

-- CreateTable
CREATE TABLE "bans" (
    "id" BIGSERIAL NOT NULL,
    "user_id" BIGINT NOT NULL,
    "room_id" BIGINT,
    "until" TIMESTAMPTZ(3),
    "reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "bans_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
-- By hand: one ban from everything per user, too. Prisma cannot say NULLS NOT DISTINCT and sees no difference.
CREATE UNIQUE INDEX "bans_user_id_room_id_key" ON "bans"("user_id", "room_id") NULLS NOT DISTINCT;

-- CreateIndex
CREATE INDEX "bans_room_id_idx" ON "bans"("room_id");

-- AddForeignKey
ALTER TABLE "bans" ADD CONSTRAINT "bans_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "rooms"("id") ON DELETE CASCADE ON UPDATE CASCADE;
