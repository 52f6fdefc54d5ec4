-- What the history of a public room shows of its changes. Users who join and leave by themselves are left out: there can be very many.
CREATE INDEX "room_changes_shown_idx" ON "room_changes"("room_id", "epoch", "seq") WHERE
  kind IN ('member-changed', 'room-changed')
  OR (kind IN ('member-added', 'member-removed') AND body NOT LIKE '%"member":{"id":' || user_id || ',%');
