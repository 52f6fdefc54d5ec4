import { randomUUID } from 'node:crypto';
import { connectV1 } from '@chorus/testing';
import { createPerson, createRoom, type Person } from '../../support/clients/people.js';

/** Sends all texts to a room, in order; resolves when all are acknowledged. */
export async function fillRoom(url: string, person: Person, roomId: number, texts: readonly string[]) {
  const socket = await connectV1(url, person.token);
  await socket.join(roomId);
  for (const content of texts) socket.send({ type: 'publish', roomId, clientMsgId: randomUUID(), content });
  for (const _ of texts) await socket.of('ack');
  await socket.close();
}

/** Creates a room in which a user has sent all texts. */
export async function filledRoom(
  url: string,
  texts: readonly string[],
): Promise<{ id: number; teller: Person }> {
  const teller = await createPerson(url, 'teller');
  const id = await createRoom(url, teller);
  await fillRoom(url, teller, id, texts);
  return { id, teller };
}
