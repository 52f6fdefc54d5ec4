-- AlterTable
ALTER TABLE "mentions" ADD COLUMN "sender_id" BIGINT NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "room_members" ADD COLUMN "unread_epoch" BIGINT;
ALTER TABLE "room_members" ADD COLUMN "unread_seq" BIGINT;

-- By hand: users who mention themselves, or all members, do not count for their own inbox.
UPDATE "mentions" SET "sender_id" = "messages"."user_id" FROM "messages"
WHERE "messages"."room_id" = "mentions"."room_id" AND "messages"."epoch" = "mentions"."epoch" AND "messages"."seq" = "mentions"."seq";

-- By hand: deleted messages do not count as unread. Partial, and small therefore.
CREATE INDEX "messages_deleted_idx" ON "messages"("room_id", "epoch", "seq") WHERE "deleted_at" IS NOT NULL;

-- By hand: members of rooms have read what was sent before read positions were stored.
UPDATE "room_members" SET "read_epoch" = "last"."epoch", "read_seq" = "last"."seq", "read_n" = "last"."n"
FROM "room_members" AS "member" CROSS JOIN LATERAL (
  SELECT "epoch", "seq", coalesce("n", "seq") AS "n" FROM "messages" WHERE "room_id" = "member"."room_id"
  ORDER BY "epoch" DESC, "seq" DESC LIMIT 1
) AS "last"
WHERE "room_members"."room_id" = "member"."room_id" AND "room_members"."user_id" = "member"."user_id"
  AND "member"."read_epoch" = 0;

-- By hand: read positions change often, and no index has them. Free space in each page keeps a change from touching the indexes.
ALTER TABLE "room_members" SET (fillfactor = 85);
