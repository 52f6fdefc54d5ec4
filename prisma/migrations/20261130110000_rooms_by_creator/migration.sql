-- CreateIndex
CREATE INDEX "rooms_creator_id_idx" ON "rooms"("creator_id");
