import { PRESENCE_LISTENED } from '@chorus/database';

/** Comes after the number of each change that was read. */
const AFTER_CHANGES = 1_000_000_000;

/**
 * Records changes of presence. In one statement it moves the journals on, unless another reader has, changes `present_users`, and writes the
 * events.
 *
 * A change that changes nothing is left out, so the events of a user in a room alternate, whatever was lost or read twice. Users of a room in
 * the snapshot who are not in `present_users` behind the changes joined, and those who are there only left: events that are inferred.
 * A room is occupied with its first user in `present_users`, and vacated with the last.
 *
 * $1: rows of `presence_journals` as JSON, with the version that was read; $2: changes, numbered in their order; $3: rooms of the snapshot with
 * their users; $4: time of the snapshot, in milliseconds. Returns the journals that moved, and the number of events.
 */
export const RECORD_PRESENCE = `
  WITH journals AS MATERIALIZED (
    SELECT given.*, stored.recorded AS emits FROM presence_journals stored
    JOIN json_to_recordset($1::json) AS given(partition int, version bigint, position text, incarnation text, recorded boolean)
      ON given.partition = stored.partition AND given.version = stored.version
    ORDER BY stored.partition FOR UPDATE OF stored
  ), read AS MATERIALIZED (
    SELECT given.* FROM json_to_recordset($2::json)
      AS given(n bigint, partition int, "roomId" bigint, "userId" bigint, joined boolean, at bigint)
    JOIN journals USING (partition)
  ), rooms AS MATERIALIZED (
    SELECT given.* FROM json_to_recordset($3::json) AS given(partition int, "roomId" bigint, users json)
    JOIN journals USING (partition)
  ), here AS MATERIALIZED (
    SELECT partition, "roomId", id::bigint AS "userId" FROM rooms, json_array_elements_text(users) AS id
  ), expected AS (
    SELECT partition, room_id AS "roomId", user_id AS "userId" FROM present_users
    WHERE (partition, room_id) IN (SELECT partition, "roomId" FROM rooms)
    UNION SELECT partition, "roomId", "userId" FROM read WHERE (partition, "roomId") IN (SELECT partition, "roomId" FROM rooms)
  ), found AS (
    SELECT ${AFTER_CHANGES} + row_number() OVER (ORDER BY joined DESC) AS n, partition, "roomId", "userId", joined FROM (
      SELECT *, true AS joined FROM here
      UNION ALL SELECT *, false FROM (SELECT * FROM expected EXCEPT SELECT * FROM here) gone
    ) compared
  ), changes AS (
    SELECT n, partition, "roomId", "userId", joined, at, false AS inferred FROM read
    UNION ALL SELECT n, partition, "roomId", "userId", joined, $4::bigint, true FROM found
  ), judged AS MATERIALIZED (
    SELECT change.*, stored.user_id IS NOT NULL AS stored,
      joined = coalesce(lag(joined) OVER pair, stored.user_id IS NOT NULL) AS repeated, lead(n) OVER pair IS NULL AS last
    FROM changes change LEFT JOIN present_users stored
      ON stored.partition = change.partition AND stored.room_id = "roomId" AND stored.user_id = "userId"
    WINDOW pair AS (PARTITION BY change.partition, "roomId", "userId" ORDER BY n)
  ), sizes AS MATERIALIZED (
    SELECT partition, "roomId", (SELECT count(*) FROM present_users stored WHERE stored.partition = room.partition AND room_id = "roomId") AS size
    FROM (SELECT DISTINCT partition, "roomId" FROM judged WHERE NOT repeated) room
  ), counted AS (
    SELECT judged.*, size + sum(CASE WHEN joined THEN 1 ELSE -1 END) OVER (PARTITION BY partition, "roomId" ORDER BY n) AS users
    FROM judged JOIN sizes USING (partition, "roomId") WHERE NOT repeated
  ), told AS (
    SELECT counted.*, 0 AS part, CASE WHEN joined THEN 'presence.joined' ELSE 'presence.left' END AS type FROM counted
    UNION ALL SELECT counted.*, 1, CASE WHEN joined THEN 'room.occupied' ELSE 'room.vacated' END FROM counted
    WHERE users = CASE WHEN joined THEN 1 ELSE 0 END
  ), recorded AS (
    INSERT INTO event_outbox (type, room_id, user_id, data)
    SELECT type, "roomId", "userId", jsonb_build_object('at', at) || CASE WHEN inferred THEN '{"inferred":true}' ELSE '{}' END::jsonb
    FROM told JOIN journals USING (partition) WHERE emits AND ${PRESENCE_LISTENED} ORDER BY told.n, part
    RETURNING data ? 'inferred' AS inferred
  ), arrived AS (
    INSERT INTO present_users (partition, room_id, user_id)
    SELECT partition, "roomId", "userId" FROM judged WHERE last AND joined AND NOT stored
  ), departed AS (
    DELETE FROM present_users stored USING judged
    WHERE last AND NOT joined AND stored.partition = judged.partition AND room_id = "roomId" AND user_id = "userId"
  ), moved AS (
    UPDATE presence_journals journal
    SET version = journal.version + 1, position = given.position, incarnation = given.incarnation, recorded = given.recorded
    FROM journals given WHERE journal.partition = given.partition
    RETURNING journal.partition, journal.version, journal.position, journal.incarnation, journal.recorded
  )
  SELECT moved.*, (SELECT count(*) FROM recorded WHERE NOT inferred) AS decided, (SELECT count(*) FROM recorded WHERE inferred) AS inferred
  FROM moved`;
