-- AlterTable
ALTER TABLE "outbox" DROP COLUMN "memberships";
ALTER TABLE "outbox" ADD COLUMN "mirror" JSONB NOT NULL DEFAULT '{}';

-- By hand: the list of rooms that a user may find does not read private rooms of other users.
CREATE INDEX "rooms_public_idx" ON "rooms" ("id") WHERE "kind" = 'public';

-- By hand: the owners and moderators of a room with very many members.
CREATE INDEX "room_members_roles_idx" ON "room_members" ("room_id") WHERE "role" <> 'member';
