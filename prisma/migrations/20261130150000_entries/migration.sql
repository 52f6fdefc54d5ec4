-- AlterTable
ALTER TABLE "messages" ADD COLUMN "changed_epoch" BIGINT;
ALTER TABLE "messages" ADD COLUMN "changed_seq" BIGINT;
ALTER TABLE "messages" ADD COLUMN "data" JSON;
ALTER TABLE "messages" ADD COLUMN "deleted_at" TIMESTAMPTZ(3);
ALTER TABLE "messages" ADD COLUMN "deleted_by" BIGINT;
ALTER TABLE "messages" ADD COLUMN "deleted_by_name" TEXT;
ALTER TABLE "messages" ADD COLUMN "edited_at" TIMESTAMPTZ(3);
ALTER TABLE "messages" ADD COLUMN "mentions" BIGINT[];
ALTER TABLE "messages" ADD COLUMN "n" BIGINT;
ALTER TABLE "messages" ADD COLUMN "replies" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "messages" ADD COLUMN "reply_to_epoch" BIGINT;
ALTER TABLE "messages" ADD COLUMN "reply_to_seq" BIGINT;

-- CreateTable
CREATE TABLE "room_changes" (
    "room_id" BIGINT NOT NULL,
    "epoch" BIGINT NOT NULL,
    "seq" BIGINT NOT NULL,
    "n" BIGINT NOT NULL,
    "kind" TEXT NOT NULL,
    "target_epoch" BIGINT,
    "target_seq" BIGINT,
    "user_id" BIGINT NOT NULL,
    "sent_at" TIMESTAMPTZ(3) NOT NULL,
    "client_msg_id" TEXT,
    "body" TEXT,

    CONSTRAINT "room_changes_pkey" PRIMARY KEY ("room_id","epoch","seq")
);

-- CreateTable
CREATE TABLE "reactions" (
    "room_id" BIGINT NOT NULL,
    "epoch" BIGINT NOT NULL,
    "seq" BIGINT NOT NULL,
    "reaction" TEXT NOT NULL,
    "user_id" BIGINT NOT NULL,

    CONSTRAINT "reactions_pkey" PRIMARY KEY ("room_id","epoch","seq","reaction","user_id")
);

-- CreateTable
CREATE TABLE "mentions" (
    "room_id" BIGINT NOT NULL,
    "user_id" BIGINT NOT NULL,
    "epoch" BIGINT NOT NULL,
    "seq" BIGINT NOT NULL,
    "n" BIGINT NOT NULL,

    CONSTRAINT "mentions_pkey" PRIMARY KEY ("room_id","user_id","epoch","seq")
);

-- CreateTable
CREATE TABLE "room_heads" (
    "room_id" BIGINT NOT NULL,
    "epoch" BIGINT NOT NULL,
    "seq" BIGINT NOT NULL,
    "n" BIGINT NOT NULL,
    "sent_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "room_heads_pkey" PRIMARY KEY ("room_id")
);

-- CreateIndex
CREATE INDEX "mentions_room_id_epoch_seq_idx" ON "mentions"("room_id", "epoch", "seq");

-- AddForeignKey
ALTER TABLE "room_changes" ADD CONSTRAINT "room_changes_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "rooms"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "reactions" ADD CONSTRAINT "reactions_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "rooms"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "mentions" ADD CONSTRAINT "mentions_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "rooms"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "room_heads" ADD CONSTRAINT "room_heads_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "rooms"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand: the text of a deleted message is also in its edits and appended text.
CREATE INDEX "room_changes_text_idx" ON "room_changes"("room_id", "target_epoch", "target_seq") WHERE "kind" IN ('edited', 'appended');

-- By hand: what changed since a position. Partial: no row of an existing database is in it.
CREATE INDEX "messages_changed_idx" ON "messages"("room_id", "changed_epoch", "changed_seq") WHERE "changed_epoch" IS NOT NULL;
