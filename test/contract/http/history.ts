import { connectPlain, type PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { readBack, readOn, readPage, type Said } from '../../support/archive.js';
import { createPerson, createRoom, type Person, request } from '../../support/clients/people.js';
import type { Target } from '../target.js';

export function describeHistory(target: () => Target): void {
  let ann: Person;
  let room: number;
  let socket: PlainSocket;

  beforeEach(async () => {
    const { url } = target();
    ann = await createPerson(url, 'ann');
    room = await createRoom(url, ann);
    socket = await connectPlain(url, room, ann.token);
  });
  afterEach(() => socket.close());

  const say = async (first: number, last: number): Promise<void> => {
    for (let n = first; n <= last; n++) socket.send(`message ${n}`);
    await socket.messages(last);
  };

  describe('GET /api/rooms/:id/messages', () => {
    it('returns what was said, as sockets received it', async () => {
      await say(1, 3);
      const received = socket.frames.filter(({ type }) => type === 'message');
      expect(await readPage(target().url, ann, room)).to.deep.equal({
        messages: received,
        before: null,
        after: null,
      });
    });

    it('pages through it, back and on, each message once and in order', async () => {
      await say(1, 25);
      const expected = Array.from({ length: 25 }, (_, index) => [index + 1, `message ${index + 1}`]);
      const walks = await Promise.all([
        readBack(target().url, ann, room, 4),
        readOn(target().url, ann, room, 4),
      ]);
      for (const walk of walks) {
        expect(walk.map(({ seq, content }: Said) => [seq, content])).to.deep.equal(expected);
      }
    });
  });

  describe('messages that are sent and changed over HTTP', () => {
    const ask = (method: string, route: string, body?: object) =>
      request(`${target().url}/api/rooms/${room}/${route}`, { method, body, token: ann.token });

    it('reach sockets and the history', async () => {
      const sent = await ask('POST', 'messages', { content: 'hello' });
      expect(sent.status).to.equal(201);
      const { epoch, seq } = sent.body as { epoch: number; seq: number };
      await socket.messages(1);
      const received = socket.frames.find(({ type }) => type === 'message');
      expect(received).to.deep.include({
        content: 'hello',
        roomId: room,
        username: ann.username,
        epoch,
        seq,
      });
      const at = `messages/${epoch}-${seq}`;
      const statuses = [
        await ask('PATCH', at, { content: 'hi' }),
        await ask('POST', `${at}/append`, { text: '!' }),
        await ask('PUT', `${at}/reactions/ok`),
        await ask('POST', `${at}/report`, { reason: 'loud' }),
        await ask('GET', 'reports'),
      ].map(({ status }) => status);
      expect(statuses).to.deep.equal([200, 200, 200, 201, 200]);
      const [message] = (await readPage(target().url, ann, room)).messages;
      const reactions = [{ reaction: 'ok', count: 1, me: true, users: [ann.id] }];
      expect(message).to.deep.include({ content: 'hi!', reactions });
      expect((await ask('DELETE', `${at}/reactions/ok`)).status).to.equal(200);
      expect((await ask('DELETE', at)).status).to.equal(200);
      const [tombstone] = (await readPage(target().url, ann, room)).messages;
      expect(tombstone).to.include({ content: '' }).and.to.have.property('deleted');
      expect(socket.frames.filter(({ type }) => (type as string) === 'change')).to.deep.equal([]);
    });
  });
}
