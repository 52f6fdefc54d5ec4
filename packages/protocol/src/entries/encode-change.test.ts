import { expect } from 'chai';
import { messageEncoder, openFrame } from '../plain-frames.js';
import { changeFrame } from './change-frames.js';
import { type ChangeParts, encodeChange, encodeErased } from './encode-change.js';
import { isChangeBody, isChangeFrame } from './entry-kind.js';

const ROOM = 12;
const AT = { epoch: 1_767_225_600_000, seq: 7 };
const ANN = { id: 3, username: 'ann "the" naïve' };
const made = { id: 'gateway-1-x-0', sentAt: 1_767_225_600_123 };
const target = { epoch: AT.epoch, seq: 5 };
const member = { id: 4, username: 'ben' };

const CHANGES: ChangeParts[] = [
  { change: 'edited', target, content: 'hello 👋', ...made },
  { change: 'edited', target, mentions: [4, 'room'], content: '', data: { sentAt: 1, userId: 9 }, ...made },
  { change: 'deleted', target, author: member, n: 4, originalSentAt: 5, ...made },
  { change: 'reacted', target, reaction: '👍', ...made, clientMsgId: 'c:1' },
  { change: 'unreacted', target, reaction: '👍', ...made },
  { change: 'appended', target, text: ' and more', ...made },
  { change: 'member-added', member, ...made },
  { change: 'member-changed', member, role: 'moderator', mutedUntil: null, ...made },
  { change: 'member-removed', member, ...made },
  { change: 'room-changed', name: 'lobby', topic: '', slowModeSeconds: 5, ...made },
];

describe('encodeChange', () => {
  for (const [index, parts] of CHANGES.entries()) {
    it(`writes a frame that clients can read: ${parts.change} (${index})`, () => {
      const body = encodeChange(ROOM, ANN, parts);
      expect(body).to.match(new RegExp(`^"type":"change","change":"${parts.change}",`));
      const frame = changeFrame.parse(JSON.parse(openFrame(AT) + body));
      expect(frame).to.deep.equal({
        ...{ ...AT, type: 'change', ...parts },
        ...{ roomId: ROOM, userId: ANN.id, username: ANN.username },
      });
    });
  }

  it('writes the frame of an erased entry', () => {
    const frame = { ...AT, type: 'change', change: 'erased', roomId: ROOM } as const;
    expect(changeFrame.parse(JSON.parse(openFrame(AT) + encodeErased(ROOM)))).to.deep.equal(frame);
  });
});

describe('the kind of an entry', () => {
  const message = messageEncoder(ROOM, ANN)({ content: '"type":"change"', mentions: [4], ...made });
  const positions = [AT, { epoch: 1, seq: 1 }, { epoch: 9_007_199_254_740_991, seq: 9_007_199_254_740_991 }];

  it('shows in the body', () => {
    expect(isChangeBody(message)).to.equal(false);
    expect(isChangeBody(encodeErased(ROOM))).to.equal(true);
    for (const parts of CHANGES) expect(isChangeBody(encodeChange(ROOM, ANN, parts))).to.equal(true);
  });

  it('shows in the frame, wherever it is', () => {
    for (const at of positions) {
      expect(isChangeFrame(Buffer.from(openFrame(at) + message))).to.equal(false);
      expect(isChangeFrame(Buffer.from(openFrame(at, 3) + message))).to.equal(false);
      expect(isChangeFrame(Buffer.from(openFrame(at) + encodeErased(ROOM)))).to.equal(true);
    }
  });

  it('is never a change for bytes that are no frame', () => {
    for (const text of ['', '{', '{"seq":', '1-1', 'hello']) {
      expect(isChangeFrame(Buffer.from(text))).to.equal(false);
    }
  });
});
