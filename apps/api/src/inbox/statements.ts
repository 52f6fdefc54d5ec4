import { MESSAGE_COLUMNS, Prisma } from '@chorus/database';

/** The rooms of a user with the time of their latest activity. @param more conditions on `member` */
export const PAGE = (userId: number, more: Prisma.Sql): Prisma.Sql => Prisma.sql`
  SELECT member.room_id, member.role,
    coalesce(head.epoch, last.epoch, 0) AS head_epoch, coalesce(head.seq, last.seq, 0) AS head_seq,
    -- A room that has only had changes has a head of 1970.
    CASE WHEN head.sent_at > timestamptz 'epoch' THEN head.sent_at ELSE coalesce(last.sent_at, member.joined_at) END AS activity_at
  FROM room_members member
  LEFT JOIN room_heads head ON head.room_id = member.room_id
  LEFT JOIN LATERAL (
    SELECT epoch, seq, sent_at FROM messages WHERE head.room_id IS NULL AND room_id = member.room_id
    ORDER BY epoch DESC, seq DESC LIMIT 1
  ) last ON true
  WHERE member.user_id = (SELECT ${userId}::bigint) AND NOT EXISTS (
    SELECT 1 FROM bans WHERE bans.user_id = (SELECT ${userId}::bigint) AND bans.room_id = member.room_id
      AND (bans.until IS NULL OR bans.until > now())
  ) ${more}`;

const AFTER_READ = '(read.seen[1], read.seen[2])';

/**
 * $1: rooms, with read positions that are not stored, as JSON; $2: the user; $3: messages of which to return the state, as JSON.
 *
 * `read.at` is the position up to which the user has read, and its ordinal if known: by the stored position and the mark (see
 * `ReadMark`), and then by own messages. The ordinal of a stored position counts only in the newest epoch, because messages
 * can have been lost since it was stored.
 *
 * `read.seen` is that position, or the one up to which messages are too old, if that is known and later: they count as read. So do
 * those that the retention has removed. `expired` tells that the position is needed.
 */
export const COUNTS = `
  WITH given AS (
    SELECT member.room_id, "ownEpoch", "ownSeq", "ownN",
      CASE WHEN g.epoch IS NOT NULL AND ((member.read_epoch, member.read_seq) < (g.epoch, g.seq)
        OR "unreadEpoch" IS NOT NULL AND (member.read_epoch, member.read_seq) <= ("unreadEpoch", "unreadSeq"))
        THEN ARRAY[g.epoch, g.seq, g.n] ELSE ARRAY[member.read_epoch, member.read_seq, member.read_n] END AS at,
      ARRAY[coalesce("unreadEpoch", member.unread_epoch, 0), coalesce("unreadSeq", member.unread_seq, 0)] AS unread_at,
      to_timestamp("expiredUpTo" / 1000.0) AS expired_up_to, "tooOldEpoch", "tooOldSeq"
    FROM json_to_recordset($1::json) AS g(id bigint, epoch bigint, seq bigint, n bigint, "unreadEpoch" bigint, "unreadSeq" bigint,
      "ownEpoch" bigint, "ownSeq" bigint, "ownN" bigint, "expiredUpTo" bigint, "tooOldEpoch" bigint, "tooOldSeq" bigint)
    JOIN room_members member ON member.room_id = g.id AND member.user_id = (SELECT $2::bigint)
  ), own AS (
    SELECT *, CASE WHEN "ownEpoch" IS NOT NULL AND ("ownEpoch", "ownSeq") > (at[1], at[2])
      AND ("ownEpoch", "ownSeq") > (unread_at[1], unread_at[2]) THEN ARRAY["ownEpoch", "ownSeq", "ownN"] ELSE at END AS read_at
    FROM given
  ), read AS MATERIALIZED (
    SELECT room_id, read_at AS at, expired_up_to, CASE WHEN "tooOldEpoch" IS NOT NULL AND ("tooOldEpoch", "tooOldSeq") > (read_at[1], read_at[2])
      THEN ARRAY["tooOldEpoch", "tooOldSeq", NULL] ELSE read_at END AS seen
    FROM own
  )
  SELECT ${MESSAGE_COLUMNS},
    read.room_id AS "roomId", read.at[1] AS "readEpoch", read.at[2] AS "readSeq",
    greatest(CASE WHEN read.seen[1] = 0 THEN 0
      WHEN read.seen[3] IS NOT NULL AND read.seen[1] = coalesce(head.epoch, m.epoch) THEN read.seen[3]
      ELSE (
        SELECT coalesce(known.n, known.seq) FROM messages known
        WHERE known.room_id = read.room_id AND (known.epoch, known.seq) <= ${AFTER_READ}
        ORDER BY known.epoch DESC, known.seq DESC LIMIT 1
      ) END, head.removed_n) AS "readN",
    read.seen[1] AS "seenEpoch", read.seen[2] AS "seenSeq",
    CASE WHEN read.expired_up_to IS NOT NULL AND coalesce(head.oldest_at <= read.expired_up_to, true) THEN (
      SELECT oldest.sent_at <= read.expired_up_to FROM messages oldest
      WHERE oldest.room_id = read.room_id AND (oldest.epoch, oldest.seq) > ${AFTER_READ} ORDER BY oldest.epoch, oldest.seq LIMIT 1
    ) END AS expired,
    head.epoch AS "headEpoch", head.seq AS "headSeq", head.n AS "headN",
    (SELECT count(*) FROM messages gone WHERE gone.room_id = read.room_id AND gone.deleted_at IS NOT NULL
      AND (gone.epoch, gone.seq) > ${AFTER_READ}) AS deleted,
    (SELECT count(*) FROM (
      SELECT DISTINCT epoch, seq FROM mentions WHERE room_id = read.room_id AND user_id = ANY(ARRAY[0, (SELECT $2::bigint)])
        AND sender_id <> (SELECT $2::bigint) AND (epoch, seq) > ${AFTER_READ}
    ) mentioning) AS mentioned,
    (SELECT json_agg(json_build_object('epoch', touched.epoch, 'seq', touched.seq, 'userId', touched.user_id,
      'deleted', touched.deleted_at IS NOT NULL, 'mentions', coalesce(touched.mentions, '{}')))
      FROM json_to_recordset($3::json) AS target(id bigint, epoch bigint, seq bigint)
      JOIN messages touched ON touched.room_id = target.id AND touched.epoch = target.epoch AND touched.seq = target.seq
      WHERE target.id = read.room_id) AS touched
  FROM read LEFT JOIN room_heads head ON head.room_id = read.room_id
  LEFT JOIN LATERAL (
    SELECT * FROM messages WHERE room_id = read.room_id ORDER BY epoch DESC, seq DESC LIMIT 1
  ) m ON true`;
