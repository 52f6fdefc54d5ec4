import type { Position } from '@chorus/protocol';
import type pg from 'pg';
import type { CommittedChange } from '../history/events.js';

/**
 * Triggers that note every change within its own transaction. They know nothing of the product's events, and hold no text of a
 * message.
 */
const TRIGGERS = `
CREATE TABLE chaos_witness (
  id bigserial PRIMARY KEY, what text NOT NULL, room_id bigint, epoch bigint, seq bigint, target_epoch bigint, target_seq bigint,
  user_id bigint, role text
);

CREATE FUNCTION chaos_messages() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO chaos_witness (what, room_id, epoch, seq) SELECT 'message', room_id, epoch, seq FROM added;
  RETURN NULL;
END $$;
CREATE TRIGGER chaos_messages AFTER INSERT ON messages REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION chaos_messages();

CREATE FUNCTION chaos_changes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO chaos_witness (what, room_id, epoch, seq, target_epoch, target_seq)
  SELECT kind, room_id, epoch, seq, target_epoch, target_seq FROM added WHERE target_epoch IS NOT NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER chaos_changes AFTER INSERT ON room_changes REFERENCING NEW TABLE AS added
FOR EACH STATEMENT EXECUTE FUNCTION chaos_changes();

CREATE FUNCTION chaos_rows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  CASE TG_ARGV[0]
    WHEN 'member.added', 'member.changed' THEN
      INSERT INTO chaos_witness (what, room_id, user_id, role) VALUES (TG_ARGV[0], NEW.room_id, NEW.user_id, NEW.role);
    WHEN 'member.removed' THEN
      -- The members of a deleted room have no events of their own.
      INSERT INTO chaos_witness (what, room_id, user_id)
      SELECT TG_ARGV[0], OLD.room_id, OLD.user_id WHERE EXISTS (SELECT FROM rooms WHERE id = OLD.room_id);
    WHEN 'room.deleted' THEN INSERT INTO chaos_witness (what, room_id) VALUES (TG_ARGV[0], OLD.id);
    WHEN 'user.created' THEN INSERT INTO chaos_witness (what, user_id) VALUES (TG_ARGV[0], NEW.id);
    ELSE INSERT INTO chaos_witness (what, room_id) VALUES (TG_ARGV[0], NEW.id);
  END CASE;
  RETURN NULL;
END $$;
CREATE TRIGGER chaos_added AFTER INSERT ON room_members FOR EACH ROW EXECUTE FUNCTION chaos_rows('member.added');
CREATE TRIGGER chaos_changed AFTER UPDATE OF role ON room_members FOR EACH ROW WHEN (OLD.role <> NEW.role)
EXECUTE FUNCTION chaos_rows('member.changed');
CREATE TRIGGER chaos_removed AFTER DELETE ON room_members FOR EACH ROW EXECUTE FUNCTION chaos_rows('member.removed');
CREATE TRIGGER chaos_created AFTER INSERT ON rooms FOR EACH ROW EXECUTE FUNCTION chaos_rows('room.created');
CREATE TRIGGER chaos_renamed AFTER UPDATE OF name, topic, slow_mode_seconds, retention_days ON rooms
FOR EACH ROW EXECUTE FUNCTION chaos_rows('room.changed');
CREATE TRIGGER chaos_deleted AFTER DELETE ON rooms FOR EACH ROW EXECUTE FUNCTION chaos_rows('room.deleted');
CREATE TRIGGER chaos_user AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION chaos_rows('user.created');
`;

/** Setting of PostgreSQL that tells when each transaction was committed. */
export const WITNESS_SETTING = 'track_commit_timestamp=on';

interface Row {
  what: string;
  room_id: string | null;
  epoch: string | null;
  seq: string | null;
  target_epoch: string | null;
  target_seq: string | null;
  user_id: string | null;
  role: string | null;
  committed_at: number;
}

/** Begins to note the changes of a database. Before anything changes. */
export async function addWitness(client: pg.Client): Promise<void> {
  await client.query(TRIGGERS);
}

/** Returns every change that was committed. */
export async function witnessed(client: pg.Client): Promise<CommittedChange[]> {
  const { rows } = await client.query<Row>(
    `SELECT w.*, extract(epoch FROM pg_xact_commit_timestamp(w.xmin)) * 1000 AS committed_at FROM chaos_witness w ORDER BY id`,
  );
  return rows.map((row) => ({
    what: row.what,
    roomId: numberOf(row.room_id),
    entry: positionOf(row.epoch, row.seq),
    target: positionOf(row.target_epoch, row.target_seq),
    userId: numberOf(row.user_id),
    role: row.role ?? undefined,
    committedAt: Number(row.committed_at),
  }));
}

function numberOf(text: string | null): number | undefined {
  return text === null ? undefined : Number(text);
}

function positionOf(epoch: string | null, seq: string | null): Position | undefined {
  return epoch === null || seq === null ? undefined : { epoch: Number(epoch), seq: Number(seq) };
}
