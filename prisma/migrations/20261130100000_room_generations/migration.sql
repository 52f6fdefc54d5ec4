-- By hand: rooms that exist share 0, so that the table is not rewritten; each later one has a number of its own.
-- CreateSequence
CREATE SEQUENCE "room_generations" AS BIGINT;

-- AlterTable
ALTER TABLE "rooms" ADD COLUMN "generation" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "rooms" ALTER COLUMN "generation" SET DEFAULT nextval('room_generations');
ALTER SEQUENCE "room_generations" OWNED BY "rooms"."generation";
