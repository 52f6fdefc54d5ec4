import { expect } from 'chai';
import type { ArchiveEntry } from './read-entries.js';
import { standInFor } from './stand-in.js';

const at = { roomId: 3, epoch: 1_767_225_600_000, seq: 9 };

describe('the stand-in for an entry that PostgreSQL refuses', () => {
  it('keeps the place of a message, and nothing that its sender has chosen', () => {
    const message: ArchiveEntry = {
      ...{ ...at, n: 7, type: 'message', content: 'secret', username: 'secret', userId: 5, id: 'secret' },
      ...{ sentAt: 5, clientMsgId: 'secret', data: { secret: 1 }, mentions: [4, 'room'], editedAt: 5 },
      ...{ replyTo: { epoch: 1, seq: 1 } },
    };
    expect(standInFor(message)).to.deep.equal({
      ...{ ...at, n: 7, type: 'message', content: '', username: '', userId: 0 },
      ...{ id: '3-1767225600000-9', sentAt: 0 },
    });
    expect(standInFor({ ...message, n: undefined })).not.to.have.property('n');
  });

  it('keeps the place of a change', () => {
    const change: ArchiveEntry = {
      ...{ ...at, n: 7, type: 'change', kind: 'edited', frame: undefined, userId: 5, sentAt: 5 },
      ...{ clientMsgId: 'secret', body: 'secret' },
    };
    expect(standInFor(change)).to.deep.equal({
      ...{ ...at, n: 7, type: 'change', kind: 'unreadable', frame: undefined, userId: 0, sentAt: 0 },
      ...{ clientMsgId: undefined, body: '' },
    });
  });
});
