-- CreateTable
CREATE TABLE "presence_reader" (
    "id" BOOLEAN NOT NULL DEFAULT true,
    "leased_by" TEXT,
    "leased_until" TIMESTAMPTZ(3),

    CONSTRAINT "presence_reader_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "presence_journals" (
    "partition" INTEGER NOT NULL,
    "version" BIGINT NOT NULL DEFAULT 0,
    "position" TEXT NOT NULL,
    "incarnation" TEXT,
    "recorded" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "presence_journals_pkey" PRIMARY KEY ("partition")
);

-- CreateTable
CREATE TABLE "present_users" (
    "partition" INTEGER NOT NULL,
    "room_id" BIGINT NOT NULL,
    "user_id" BIGINT NOT NULL,

    CONSTRAINT "present_users_pkey" PRIMARY KEY ("partition","room_id","user_id")
);

-- By hand: the one row of the reader.
ALTER TABLE "presence_reader" ADD CONSTRAINT "presence_reader_one_row" CHECK ("id");
INSERT INTO "presence_reader" DEFAULT VALUES;

-- By hand: who receives events of presence. While it is empty, presence is not recorded.
CREATE VIEW "presence_listeners" AS
SELECT "kind", "id" FROM "event_listeners" WHERE "kind" <> 'webhook'
UNION ALL
SELECT 'webhook', "id"::text FROM "webhooks"
WHERE "events" = '{}' OR "events" && ARRAY['presence.joined', 'presence.left', 'room.occupied', 'room.vacated'];
