-- AlterTable
ALTER TABLE "rooms" ADD COLUMN "direct_key" TEXT;
ALTER TABLE "rooms" ADD COLUMN "kind" TEXT NOT NULL DEFAULT 'public';
ALTER TABLE "rooms" ADD COLUMN "slow_mode_seconds" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "rooms" ADD COLUMN "topic" TEXT NOT NULL DEFAULT '';

-- CreateTable
CREATE TABLE "room_members" (
    "room_id" BIGINT NOT NULL,
    "user_id" BIGINT NOT NULL,
    "role" TEXT NOT NULL,
    "joined_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "read_epoch" BIGINT NOT NULL DEFAULT 0,
    "read_seq" BIGINT NOT NULL DEFAULT 0,
    "read_n" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "room_members_pkey" PRIMARY KEY ("room_id","user_id")
);

-- CreateTable
CREATE TABLE "mutes" (
    "room_id" BIGINT NOT NULL,
    "user_id" BIGINT NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "mutes_pkey" PRIMARY KEY ("room_id","user_id")
);

-- CreateTable
CREATE TABLE "invites" (
    "code" TEXT NOT NULL,
    "room_id" BIGINT NOT NULL,
    "created_by" BIGINT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,
    "max_uses" INTEGER NOT NULL,
    "uses" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "invites_pkey" PRIMARY KEY ("code")
);

-- CreateTable
CREATE TABLE "outbox" (
    "id" BIGSERIAL NOT NULL,
    "room_id" BIGINT NOT NULL,
    "body" TEXT,
    "memberships" JSONB NOT NULL DEFAULT '[]',
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "outbox_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "room_members_user_id_room_id_idx" ON "room_members"("user_id", "room_id");

-- CreateIndex
CREATE INDEX "mutes_user_id_idx" ON "mutes"("user_id");

-- CreateIndex
CREATE INDEX "invites_room_id_idx" ON "invites"("room_id");

-- CreateIndex
CREATE INDEX "outbox_room_id_id_idx" ON "outbox"("room_id", "id");

-- CreateIndex
CREATE UNIQUE INDEX "rooms_direct_key_key" ON "rooms"("direct_key");

-- AddForeignKey
ALTER TABLE "room_members" ADD CONSTRAINT "room_members_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "rooms"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "mutes" ADD CONSTRAINT "mutes_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "rooms"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "invites" ADD CONSTRAINT "invites_room_id_fkey" FOREIGN KEY ("room_id") REFERENCES "rooms"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand: what Prisma cannot express.
ALTER TABLE "rooms" ADD CONSTRAINT "rooms_kind_check" CHECK ("kind" IN ('public', 'private', 'direct'));
ALTER TABLE "room_members" ADD CONSTRAINT "room_members_role_check" CHECK ("role" IN ('owner', 'moderator', 'member'));

-- By hand: users are found by the beginning of their names, whatever the case.
CREATE INDEX "users_username_lower_idx" ON "users" (lower("username") text_pattern_ops);

-- By hand: the user who created a room owns it.
INSERT INTO "room_members" ("room_id", "user_id", "role", "joined_at")
SELECT "id", "creator_id", 'owner', "created_at" FROM "rooms" WHERE "creator_id" IS NOT NULL;
