import { createDatabase, type Database } from '@chorus/database';
import { migratedTestDatabase } from '@chorus/database/testing';
import { type MessageFrame, messageEncoder, openFrame, readMessage } from '@chorus/protocol';
import { patiently } from '@chorus/testing';

export const ANN = { id: 7, username: 'ann' };
export const EPOCH = 1_767_225_600_000;
export const SENT_AT = EPOCH + 123;

/** Opens a migrated, empty database. */
export async function openDatabase(): Promise<{ db: Database; url: string }> {
  const url = await migratedTestDatabase();
  return { db: createDatabase(url, { poolSize: 10, timeoutMs: patiently(10_000) }), url };
}

/** Returns the body that a gateway passes to the broker. */
export function body(roomId: number, content: string, clientMsgId?: string): string {
  const tag = clientMsgId === undefined ? {} : { clientMsgId };
  return messageEncoder(roomId, ANN)({ content, id: `gateway-1-${content.length}`, sentAt: SENT_AT, ...tag });
}

/** Returns a message as an archiver reads it. */
export function message(roomId: number, seq: number, content = `m${seq}`, epoch = EPOCH): MessageFrame {
  const position = { epoch, seq };
  return readMessage(roomId, position, openFrame(position) + body(roomId, content)).message;
}
