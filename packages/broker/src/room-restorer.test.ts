import { encodeChange } from '@chorus/protocol';
import { silentLog } from '@chorus/testing';
import { expect } from 'chai';
import type { Restoration } from './room-directory.js';
import { RoomRestorer } from './room-restorer.js';
import { TestRoomArchive } from './testing/room-archive.js';

const ROOM = 1;
const EPOCH = 1_000;
const ANN = { id: 1, username: 'ann' };

describe('rooms that Redis returns with older data', () => {
  const target = { epoch: EPOCH, seq: 1 };
  const deletion = encodeChange(ROOM, ANN, {
    ...{ change: 'deleted', target, author: ANN, n: 1, originalSentAt: 1, id: 'x', sentAt: 1 },
  });
  const message = '"type":"message","content":"other"}';

  /** Restores a room whose stream ends with its first message, which the database has. */
  const restore = async (bodies: readonly string[]): Promise<Restoration[]> => {
    const restorations: Restoration[] = [];
    const archive = new TestRoomArchive();
    archive.add(ROOM);
    archive.store(
      ROOM,
      bodies.map((body, index) => ({ epoch: EPOCH, seq: index + 2, body })),
    );
    const directory = {
      bringIn: async () => [{ end: target, unstored: undefined, needed: undefined }],
      remove: async () => {},
      restore: async (restoration: Restoration) => restorations.push(restoration) > 0,
    };
    await new RoomRestorer(directory, archive, silentLog).bringIn(archive.all(), 1);
    return restorations;
  };
  const shape = (restorations: readonly Restoration[]) =>
    restorations.map(({ before, messages }) => [before, messages.length]);

  it('get their messages back as stored', async () => {
    expect(shape(await restore([message, message]))).to.deep.equal([['stored', 2]]);
  });

  it('get a deletion back as one to archive again, because an archiver has to erase the text again', async () => {
    expect(shape(await restore([message, deletion]))).to.deep.equal([['unknown', 2]]);
  });

  it('stay to be archived from a deletion on, page by page', async () => {
    const before = Array.from({ length: 250 }, () => message);
    const pages = await restore([...before, deletion, ...before]);
    expect(shape(pages)).to.deep.equal([
      ['stored', 200],
      ['unknown', 200],
      ['unknown', 101],
    ]);
  });
});
