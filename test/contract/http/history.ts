import { connectPlain, type PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { readBack, readOn, readPage, type Said } from '../../support/archive.js';
import { createPerson, createRoom, type Person } from '../../support/clients/people.js';
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
}
