import { connectPlain, type PlainSocket } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request } from '../../support/clients/people.js';
import { expectRefusal } from '../expectations.js';
import type { Target } from '../target.js';

/** The largest frame that is accepted, in bytes. */
const MAX_FRAME = 16_384;
/** How many sockets are opened, to have some on every gateway. */
const ON_EVERY_GATEWAY = 6;

export function describeSockets(target: () => Target): void {
  let ann: Person;
  let bob: Person;
  let room: number;
  let anns: PlainSocket;
  let bobs: PlainSocket;

  beforeEach(async () => {
    const { url } = target();
    [ann, bob] = await Promise.all([createPerson(url, 'ann'), createPerson(url, 'bob')]);
    room = await createRoom(url, ann);
    anns = await connectPlain(url, room, ann.token);
    bobs = await connectPlain(url, room, bob.token);
  });
  afterEach(() => Promise.all([anns.close(), bobs.close()]));

  describe('a message', () => {
    it('reaches everybody in the room, the sender too, as the same frame', async () => {
      const sentAfter = Date.now();
      anns.send('hello');
      const frame = await bobs.message('hello');
      const { id, sentAt, epoch } = frame as { id: string; sentAt: number; epoch: number };
      expect(frame).to.deep.equal({
        type: 'message',
        content: 'hello',
        roomId: room,
        username: ann.username,
        userId: ann.id,
        seq: 1,
        epoch,
        id,
        sentAt,
      });
      expect(id).to.be.a('string').that.is.not.empty;
      expect(epoch).to.be.a('number');
      expect(sentAt).to.be.within(sentAfter, Date.now());
      expect(await anns.message('hello')).to.deep.equal(frame);
    });

    it('does not reach other rooms', async () => {
      const elsewhere = await connectPlain(target().url, await createRoom(target().url, bob), bob.token);
      anns.send('in here');
      await bobs.message('in here');
      elsewhere.send('out there');
      await elsewhere.message('out there');
      expect(await elsewhere.messages(1)).to.deep.equal(['out there']);
      await elsewhere.close();
    });

    for (const [what, text] of [
      ['empty text', ''],
      ['what looks like JSON', '{"content":"x","roomId":7,"username":"root","type":"left"}'],
      ['markup, quotes and backslashes', `<img src=x onerror="a('b')"> \\u0041 \\`],
      ['several lines', 'one\ntwo\r\nthree\u2028four'],
      ['control characters', 'a\u0001b\u001fc\u007f'],
      ['emoji', '👩‍👩‍👧‍👦 🇺🇳 é 漢字'],
      ['as much text as is allowed', 'é'.repeat(MAX_FRAME / 2)],
    ] as const) {
      it(`carries ${what} unchanged`, async () => {
        anns.send(text);
        await bobs.message(text);
      });
    }

    it('that cannot be stored, for a U+0000, is refused to its sender alone', async () => {
      anns.send('a\u0000b');
      expect(await anns.next(({ type }) => type === 'error')).to.include({ roomId: room, retry: false });
      anns.send('next');
      expect(await bobs.message('next')).to.include({ seq: 1 });
    });

    it('has its place in the room’s one order', async () => {
      const contents = Array.from({ length: 20 }, (_, index) => `message ${index}`);
      for (const [index, content] of contents.entries()) (index % 2 === 0 ? anns : bobs).send(content);
      await Promise.all([anns.messages(20), bobs.messages(20)]);
      const messages = anns.frames.filter((frame) => frame.type === 'message');
      expect(messages.map(({ seq }) => seq)).to.deep.equal(contents.map((_, index) => index + 1));
      expect(messages.map(({ content }) => content).sort()).to.deep.equal([...contents].sort());
      expect(bobs.frames.filter((frame) => frame.type === 'message')).to.deep.equal(messages);
    });
  });

  it('every frame has content, roomId and username, of the same types', async () => {
    bobs.send('hello');
    await anns.message('hello');
    await bobs.close();
    await anns.next(({ type }) => type === 'left');
    const kinds = new Set(anns.frames.map(({ type }) => type));
    expect([...kinds]).to.have.members(['joined', 'message', 'left']);
    for (const { content, roomId, username } of anns.frames) {
      expect([typeof content, typeof roomId, typeof username]).to.deep.equal(['string', 'number', 'string']);
      expect(roomId).to.equal(room);
    }
  });

  describe('a socket that breaks the rules', () => {
    for (const [what, code, reason, breakThem] of [
      ['a binary frame', 1003, 'binary frames are not accepted', send(Buffer.from('hello'), true)],
      ['too large a frame', 1009, 'frame too big', send('x'.repeat(MAX_FRAME + 1))],
      ['a frame far too large', 1006, '', send('x'.repeat(16 * MAX_FRAME + 1))],
      ['invalid UTF-8', 1006, '', send(Buffer.from([0x68, 0xc3, 0x28]), false)],
      [
        'too many messages a second',
        4429,
        'too many messages',
        (socket: PlainSocket) => {
          for (let index = 0; index < 200; index++) socket.send(String(index));
        },
      ],
    ] as const) {
      it(`is closed with ${code} for ${what}; others are not`, async () => {
        breakThem(bobs);
        expect(await bobs.ended).to.deep.equal({ code, reason });
        anns.send('still here');
        await anns.message('still here');
      });
    }
  });

  describe('deleting a room', () => {
    it('closes its sockets everywhere with 4404, and no user can enter the room any more', async () => {
      const { url } = target();
      const others = await Promise.all(
        Array.from({ length: ON_EVERY_GATEWAY }, () => connectPlain(url, room, bob.token)),
      );
      const sockets = [anns, bobs, ...others];
      const deleted = await request(`${url}/api/rooms/${room}`, { method: 'DELETE', token: ann.token });
      expect(deleted.status).to.equal(204);
      for (const socket of sockets) {
        expect(await socket.ended).to.deep.equal({ code: 4404, reason: 'room deleted' });
      }
      for (let attempt = 0; attempt < ON_EVERY_GATEWAY; attempt++) {
        await expectRefusal(404, url, room, bob.token);
      }
    });

    it('leaves nothing of it to a room that takes its id later', async () => {
      const { url } = target();
      anns.send('old');
      await bobs.message('old');
      await request(`${url}/api/rooms/${room}`, { method: 'DELETE', token: ann.token });
      await Promise.all([anns.ended, bobs.ended]);
      await request(`${url}/ws/create-room`, { body: { id: room, name: 'new' }, token: bob.token });
      bobs = await connectPlain(url, room, bob.token);
      bobs.send('new');
      expect(await bobs.message('new')).to.include({ seq: 1, username: bob.username });
      expect(await bobs.messages(1)).to.deep.equal(['new']);
    });
  });
}

function send(data: string | Buffer, binary = false): (client: PlainSocket) => void {
  return ({ socket }) => socket.send(data, { binary });
}
