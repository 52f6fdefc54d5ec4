import { messageEncoder, openFrame } from '@chorus/protocol';
import { expect } from 'chai';
import { TargetMessages } from './target-messages.js';

const AT = { epoch: 5, seq: 1 };
const SENT_AT = 1_000_000;

describe('the message that a client wants to change', () => {
  const encode = messageEncoder(1, { id: 7, username: 'ann' });
  const frame = Buffer.from(openFrame(AT) + encode({ content: 'hello', id: 'm1', sentAt: SENT_AT }));
  const targets = new TargetMessages({
    between: async () => [{ ...AT, frame }],
    publishedWith: async () => undefined,
  });
  const read = (expiredUpTo: number | undefined) =>
    targets.read({ id: 1, delivered: AT, ...(expiredUpTo === undefined ? {} : { expiredUpTo }) }, AT);

  it('is read from the recent history', async () => {
    const author = { id: 7, username: 'ann' };
    expect(await read(undefined)).to.deep.equal({ author, n: 1, sentAt: SENT_AT, length: 5 });
    expect(await read(SENT_AT - 1)).to.have.property('n', 1);
  });

  it('is not found when it is older than the retention', async () => {
    expect(await read(SENT_AT)).to.equal('message_not_found');
  });
});
