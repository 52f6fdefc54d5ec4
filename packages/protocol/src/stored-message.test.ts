import { expect } from 'chai';
import { messageEncoder, openFrame } from './plain-frames.js';
import { bodyOfMessage, readMessage } from './stored-message.js';

const ROOM = 12;
const AT = { epoch: 1_767_225_600_000, seq: 7 };
const read = (body: string) => readMessage(ROOM, AT, openFrame(AT) + body);
const encode = messageEncoder(ROOM, { id: 3, username: 'ann' });
const whole = { content: 'hello 👋', id: 'gateway-1-x-0', sentAt: 1_767_225_600_123 };

describe('readMessage', () => {
  it('returns what gateways write, field by field in the order of the frame', () => {
    const full = { ...whole, clientMsgId: 'c:1', mentions: [4, 'room' as const], replyTo: AT };
    const restored = {
      ...full,
      editedAt: 9,
      changed: { epoch: AT.epoch, seq: 9 },
      data: { userId: { a: 1 } },
    };
    const encodeOfBot = messageEncoder(ROOM, { id: 3, username: 'ann', bot: true });
    expect(JSON.parse(openFrame(AT) + encodeOfBot(whole)).bot).to.equal(true);
    for (const parts of [whole, { ...whole, clientMsgId: 'c:1' }, full, restored]) {
      for (const n of [undefined, 5]) {
        const frame = openFrame(AT, n) + (n === undefined ? encode : encodeOfBot)(parts);
        const { message, intact } = readMessage(ROOM, AT, frame);
        expect(intact).to.equal(true);
        expect(JSON.stringify(message)).to.equal(frame);
        expect(openFrame(AT, n) + bodyOfMessage(message)).to.equal(frame);
      }
    }
  });

  it('replaces characters that cannot be stored, and keeps everything else', () => {
    for (const content of ['a\0b', 'a\ud800b']) {
      const { message, intact } = read(encode({ ...whole, content, clientMsgId: 'c:1' }));
      expect(intact).to.equal(false);
      expect(message).to.deep.equal({
        ...whole,
        ...AT,
        type: 'message',
        content: 'a\uFFFDb',
        roomId: ROOM,
        username: 'ann',
        userId: 3,
        clientMsgId: 'c:1',
      });
    }
  });

  it('keeps the position of unreadable data, with its text as content', () => {
    for (const body of ['not JSON\0', '"content":5}', '"roomId":null}']) {
      const { message, intact } = read(body);
      expect(intact, body).to.equal(false);
      expect(message, body).to.deep.equal({
        ...AT,
        type: 'message',
        content: openFrame(AT) + body.replace('\0', '\uFFFD'),
        roomId: ROOM,
        username: '',
        userId: 0,
        id: `12-${AT.epoch}-7`,
        sentAt: AT.epoch,
      });
    }
  });

  it('ignores a position, a room or an unrepresentable time inside the body', () => {
    const body = encode({ ...whole, sentAt: Number.MAX_SAFE_INTEGER }).replace(
      '"roomId":12',
      '"roomId":13,"seq":8',
    );
    const { message, intact } = read(body);
    expect(intact).to.equal(false);
    expect(message).to.include({ ...AT, roomId: ROOM, content: whole.content, sentAt: AT.epoch });
  });
});
