import { listenForEvents, recordedEvents } from '@chorus/database/testing';
import { expect } from 'chai';
import { cycles, PresenceFixture } from '../testing/presence.js';

describe('events of presence', function () {
  this.timeout(60_000);
  let presence: PresenceFixture;
  before(async () => {
    presence = await PresenceFixture.open();
  });
  after(() => presence.close());
  beforeEach(() => presence.reset());

  it('report who joined and left, and when a room is occupied and vacated, in the order of the changes', async () => {
    const work = await presence.recording();
    const from = Date.now();
    await presence.join(1);
    await presence.join(2);
    await presence.join(1, 7, 'b');
    await presence.leave(1);
    await presence.leave(2);
    await presence.leave(1, 7, 'b');
    await presence.join(3, 8);
    await cycles(work);
    expect(await presence.events()).to.deep.equal([
      'presence.joined 1',
      'room.occupied 1',
      'presence.joined 2',
      'presence.left 2',
      'presence.left 1',
      'room.vacated 1',
    ]);
    expect(await presence.events(8)).to.deep.equal(['presence.joined 3', 'room.occupied 3']);
    for (const { data } of await recordedEvents(presence.db)) {
      expect(Object.keys(data ?? {})).to.deep.equal(['at']);
      expect(data?.at).to.be.within(from, Date.now());
    }
  });

  it('are neither recorded nor collected while no program listens to presence', async () => {
    await presence.db.webhook.create({
      data: { url: 'https://example.com', secret: 'x', position: 0, events: ['message.created'] },
    });
    const work = presence.reader();
    await cycles(work);
    await presence.join(1);
    await cycles(work);
    expect(await recordedEvents(presence.db)).to.deep.equal([]);
    const { pages } = await presence.journal.read(new Map([[0, '0-0']]), 10);
    expect(pages.map(({ recording: on, changes }) => [on, changes.length])).to.deep.equal([[false, 0]]);
  });

  it('begin without users who are present already, and record their departures', async () => {
    await presence.join(1);
    await presence.join(2);
    const work = await presence.recording();
    expect(await presence.db.presentUser.count()).to.equal(2);
    await presence.join(3);
    await presence.leave(2);
    await presence.leave(1);
    await presence.leave(3);
    await cycles(work);
    expect(await presence.events()).to.deep.equal([
      'presence.joined 3',
      'presence.left 2',
      'presence.left 1',
      'presence.left 3',
      'room.vacated 3',
    ]);
  });

  it('end with the last listener, and begin again with the next one', async () => {
    const work = await presence.recording();
    await presence.join(1);
    await cycles(work);
    await presence.db.webhook.deleteMany();
    await cycles(work);
    expect(await presence.db.presentUser.count()).to.equal(0);
    await presence.leave(1);
    await presence.join(2);
    await listenForEvents(presence.db);
    await cycles(work);
    await presence.leave(2);
    await cycles(work);
    expect(await presence.events()).to.deep.equal([
      'presence.joined 1',
      'room.occupied 1',
      'presence.left 2',
      'room.vacated 2',
    ]);
  });
});
