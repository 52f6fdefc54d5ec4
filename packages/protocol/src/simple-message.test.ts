import { expect } from 'chai';
import { messageEncoder, openFrame } from './plain-frames.js';
import { simpleMessageSentAt } from './simple-message.js';
import { readMessage } from './stored-message.js';

const ROOM = 4;
const AT = { epoch: 1_767_225_600_000, seq: 12 };
const encode = messageEncoder(ROOM, { id: 7, username: 'Ann "Ü" 🎈' });

describe('simpleMessageSentAt', () => {
  const frame = (content: string, more: object = {}, n?: number): string =>
    openFrame(AT, n) + encode({ content, id: 'gateway-1-x', sentAt: 5, ...more });

  it('recognises what gateways write, whatever the text is', () => {
    for (const content of [
      '',
      'a',
      '"',
      '\\',
      '\\"',
      '\n\t\u0001\u001f\u007f',
      'é🙂\u2028',
      '{"seq":1}',
      'x'.repeat(65_536),
    ]) {
      expect(simpleMessageSentAt(ROOM, AT, frame(content)), JSON.stringify(content.slice(0, 20))).to.equal(5);
    }
    expect(simpleMessageSentAt(ROOM, AT, frame('a', { clientMsgId: 'a.b:c_d-e' }, 9))).to.equal(5);
    const ofBot = messageEncoder(ROOM, { id: 7, username: 'bot', bot: true });
    for (const clientMsgId of [undefined, 'x']) {
      const text = openFrame(AT) + ofBot({ content: 'a', id: 'x', sentAt: 5, clientMsgId });
      expect(simpleMessageSentAt(ROOM, AT, text)).to.equal(5);
    }
  });

  it('does not recognise messages with more than text, or of another place', () => {
    for (const more of [
      { mentions: [1] },
      { replyTo: AT },
      { editedAt: 6 },
      { changed: AT },
      { data: { a: 1 } },
    ]) {
      expect(simpleMessageSentAt(ROOM, AT, frame('a', more)), JSON.stringify(more)).to.equal(undefined);
    }
    expect(simpleMessageSentAt(5, AT, frame('a'))).to.equal(undefined);
    expect(simpleMessageSentAt(ROOM, { ...AT, seq: 13 }, frame('a'))).to.equal(undefined);
    expect(simpleMessageSentAt(ROOM, { ...AT, epoch: 1 }, frame('a'))).to.equal(undefined);
    expect(simpleMessageSentAt(ROOM, AT, frame('a', { sentAt: 253_402_300_800_000 }))).to.equal(undefined);
  });

  it('recognises only frames that readMessage returns unchanged, wherever they are damaged', () => {
    const sender = { id: 7, username: 'Ann', bot: true } as const;
    const parts = { content: 'a "\n', id: 'gateway-1-x', sentAt: 5, clientMsgId: 'x' };
    const whole = openFrame(AT, 9) + messageEncoder(ROOM, sender)(parts);
    let recognised = 0;
    for (const damage of [
      '',
      '"',
      '\\',
      ',',
      '0',
      '-',
      'e',
      ' ',
      '\0',
      '\n',
      '\ud800',
      '\\ud800',
      '\\u0000',
      '\\/',
      'null',
    ]) {
      for (let at = 0; at <= whole.length; at++) {
        const damaged = whole.slice(0, at) + damage + whole.slice(damage === '' ? at + 1 : at);
        if (simpleMessageSentAt(ROOM, AT, damaged) === undefined) continue;
        recognised++;
        const { message, intact } = readMessage(ROOM, AT, damaged);
        expect(intact, damaged).to.equal(true);
        expect(JSON.stringify(message)).to.equal(damaged);
      }
    }
    expect(recognised).to.be.above(100);
  });

  it('takes time in proportion to a text that does not end', () => {
    const endless = frame('x'.repeat(200_000)).slice(0, -1);
    expect(simpleMessageSentAt(ROOM, AT, endless)).to.equal(undefined);
    expect(simpleMessageSentAt(ROOM, AT, frame('\\'.repeat(100_000)).slice(0, -1))).to.equal(undefined);
  });
});
