-- Whether a bot sent the message; null for no.
ALTER TABLE "messages" ADD COLUMN "bot" BOOLEAN;
