-- Rooms are deleted at once, their many rows in bounded steps: the foreign keys of the large tables would delete all of them in one
-- statement, and cost a look-up for each stored message, although archivers lock the rooms of a batch anyway.
ALTER TABLE "messages" DROP CONSTRAINT "messages_room_id_fkey";
ALTER TABLE "room_changes" DROP CONSTRAINT "room_changes_room_id_fkey";
ALTER TABLE "reactions" DROP CONSTRAINT "reactions_room_id_fkey";
ALTER TABLE "mentions" DROP CONSTRAINT "mentions_room_id_fkey";

-- CreateTable
CREATE TABLE "deleted_rooms" (
    "room_id" BIGINT NOT NULL,
    "deleted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "deleted_rooms_pkey" PRIMARY KEY ("room_id")
);

-- By hand: triggers in the place of the foreign keys, so that APIs of the version before leave no rows either.

-- Removes the rows of a small room, and leaves those of a large one to the archivers.
CREATE OR REPLACE FUNCTION "chorus_room_deleted"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
  at_once CONSTANT integer := 2000;
  removed integer;
  most integer := 0;
BEGIN
  DELETE FROM messages WHERE ctid = ANY(ARRAY(SELECT ctid FROM messages WHERE room_id = OLD.id LIMIT at_once));
  GET DIAGNOSTICS removed = ROW_COUNT;
  most := greatest(most, removed);
  DELETE FROM room_changes WHERE ctid = ANY(ARRAY(SELECT ctid FROM room_changes WHERE room_id = OLD.id LIMIT at_once));
  GET DIAGNOSTICS removed = ROW_COUNT;
  most := greatest(most, removed);
  DELETE FROM reactions WHERE ctid = ANY(ARRAY(SELECT ctid FROM reactions WHERE room_id = OLD.id LIMIT at_once));
  GET DIAGNOSTICS removed = ROW_COUNT;
  most := greatest(most, removed);
  DELETE FROM mentions WHERE ctid = ANY(ARRAY(SELECT ctid FROM mentions WHERE room_id = OLD.id LIMIT at_once));
  GET DIAGNOSTICS removed = ROW_COUNT;
  most := greatest(most, removed);
  IF most = at_once THEN
    INSERT INTO deleted_rooms (room_id) VALUES (OLD.id) ON CONFLICT DO NOTHING;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "room_deleted" AFTER DELETE ON "rooms" FOR EACH ROW EXECUTE FUNCTION "chorus_room_deleted"();

-- An id is taken while rows of a deleted room have it. After the statement, which has waited for a deletion in progress.
CREATE OR REPLACE FUNCTION "chorus_rooms_inserted"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT FROM inserted JOIN deleted_rooms deleted ON deleted.room_id = inserted.id) THEN
    RAISE unique_violation USING MESSAGE = 'rows of a deleted room have this id';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "rooms_inserted" AFTER INSERT ON "rooms" REFERENCING NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION "chorus_rooms_inserted"();

CREATE OR REPLACE FUNCTION "chorus_rooms_truncated"() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
  TRUNCATE messages, room_changes, reactions, mentions, deleted_rooms;
  RETURN NULL;
END $$;
CREATE TRIGGER "rooms_truncated" AFTER TRUNCATE ON "rooms" FOR EACH STATEMENT EXECUTE FUNCTION "chorus_rooms_truncated"();
