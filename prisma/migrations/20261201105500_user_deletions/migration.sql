-- AlterTable
ALTER TABLE "users" ADD COLUMN "deleted_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "user_deletions" (
    "user_id" BIGINT NOT NULL,
    "deleted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "sessions_ended" BOOLEAN NOT NULL DEFAULT false,

    CONSTRAINT "user_deletions_pkey" PRIMARY KEY ("user_id")
);
