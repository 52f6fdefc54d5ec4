-- CreateTable
CREATE TABLE "webhooks" (
    "id" BIGSERIAL NOT NULL,
    "url" TEXT NOT NULL,
    "events" TEXT[] NOT NULL DEFAULT '{}',
    "rooms" BIGINT[],
    "secret" TEXT NOT NULL,
    "previous_secret" TEXT,
    "previous_until" TIMESTAMPTZ(3),
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "position" BIGINT NOT NULL,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "next_attempt_at" TIMESTAMPTZ(3),
    "failing_since" TIMESTAMPTZ(3),
    "last_status" INTEGER,
    "last_error" TEXT,
    "leased_by" TEXT,
    "leased_until" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "webhooks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event_outbox" (
    "id" BIGSERIAL NOT NULL,
    "type" TEXT NOT NULL,
    "room_id" BIGINT,
    "epoch" BIGINT,
    "seq" BIGINT,
    "user_id" BIGINT,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "data" JSONB,

    CONSTRAINT "event_outbox_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "events" (
    "position" BIGINT NOT NULL,
    "type" TEXT NOT NULL,
    "room_id" BIGINT,
    "epoch" BIGINT,
    "seq" BIGINT,
    "user_id" BIGINT,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "data" JSONB,

    CONSTRAINT "events_pkey" PRIMARY KEY ("position")
);

-- CreateTable
CREATE TABLE "event_log" (
    "id" BOOLEAN NOT NULL DEFAULT true,
    "position" BIGINT NOT NULL DEFAULT 0,
    "removed" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "event_log_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "events_room_id_position_idx" ON "events"("room_id", "position");

-- By hand: the one row of the log.
ALTER TABLE "event_log" ADD CONSTRAINT "event_log_one_row" CHECK ("id");
INSERT INTO "event_log" DEFAULT VALUES;

-- By hand: who receives events. While it is empty, none is recorded.
CREATE VIEW "event_listeners" AS SELECT 'webhook' AS "kind", "id"::text AS "id" FROM "webhooks";

-- By hand: moves committed events from the outbox to the log, in the order of their ids. One caller at a time gives positions, and holds
-- the row of the log until it has committed: positions become visible in ascending order, so a reader that has read up to a position
-- misses none. Returns the number of events; 0 also while another caller moves some.
CREATE FUNCTION "chorus_sequence_events"(at_most integer) RETURNS integer LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  last bigint;
  moved integer;
BEGIN
  SELECT position INTO last FROM event_log FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN 0;
  END IF;
  -- A statement of its own: its snapshot is taken after the row was locked.
  WITH taken AS (
    DELETE FROM event_outbox WHERE ctid = ANY(ARRAY(SELECT ctid FROM event_outbox ORDER BY id LIMIT at_most)) RETURNING *
  )
  INSERT INTO events (position, type, room_id, epoch, seq, user_id, at, data)
  SELECT last + row_number() OVER (ORDER BY id), type, room_id, epoch, seq, user_id, at, data FROM taken;
  GET DIAGNOSTICS moved = ROW_COUNT;
  UPDATE event_log SET position = last + moved;
  RETURN moved;
END $$;
