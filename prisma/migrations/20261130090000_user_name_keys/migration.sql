-- AlterTable
ALTER TABLE "users" ADD COLUMN "name_keys_version" SMALLINT NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "user_name_keys" (
    "key" TEXT NOT NULL,
    "user_id" BIGINT NOT NULL,

    CONSTRAINT "user_name_keys_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "users_name_keys_version_idx" ON "users"("name_keys_version");

-- CreateIndex
CREATE INDEX "user_name_keys_user_id_idx" ON "user_name_keys"("user_id");

-- AddForeignKey
ALTER TABLE "user_name_keys" ADD CONSTRAINT "user_name_keys_user_id_fkey" FOREIGN KEY ("user_id") REFERENCES "users"("id") ON DELETE CASCADE ON UPDATE CASCADE;
