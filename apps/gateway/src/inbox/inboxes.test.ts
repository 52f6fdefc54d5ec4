import { until } from '@chorus/testing';
import { expect } from 'chai';
import { INTERVAL_MS, InboxFixture } from '../testing/inboxes.js';

describe('the news of inboxes', () => {
  let fixture: InboxFixture;
  beforeEach(() => {
    fixture = new InboxFixture();
  });
  afterEach(() => fixture.close());

  it('answer with the number of rooms, and send news of these rooms only', async () => {
    const [ann, bob] = [await fixture.watch(1), await fixture.watch(2)];
    expect(ann.frames).to.deep.equal([{ type: 'inbox-watched', rooms: 2 }]);
    fixture.publish(8, 3);
    fixture.publish(7, 3);
    fixture.publish(9, 3);
    await ann.received(2);
    await bob.received(2);
    expect(ann.frames[1]).to.deep.equal({
      type: 'inbox',
      rooms: [
        { roomId: 8, epoch: 5, seq: 1, n: 1, messages: 1 },
        { roomId: 7, epoch: 5, seq: 2, n: 2, messages: 1 },
      ],
    });
    expect(bob.counts).to.deep.equal([[7, 1]]);
  });

  it('gather news: a socket gets at most one frame per interval, with each room once', async () => {
    const ann = await fixture.watch(1);
    const began = performance.now();
    const times: number[] = [];
    const send = ann.send.bind(ann);
    ann.send = (frame) => {
      times.push(performance.now());
      send(frame);
    };
    for (let n = 0; n < 50; n++) {
      fixture.publish(7, 3);
      fixture.publish(8, 3);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await until(() => ann.news.reduce((sum, { messages }) => sum + messages, 0) === 100);
    const took = performance.now() - began;
    expect(times.length).to.be.at.most(took / INTERVAL_MS + 2);
    for (const frame of ann.frames) {
      if (frame.type !== 'inbox') continue;
      expect(new Set(frame.rooms.map(({ roomId }) => roomId)).size).to.equal(frame.rooms.length);
    }
  });

  it('report own messages, mentions and deletions', async () => {
    const [ann, bob] = [await fixture.watch(1), await fixture.watch(2)];
    fixture.publish(7, 1);
    fixture.publish(7, 2, [1, 2]);
    fixture.publish(7, 1, ['room', 2]);
    fixture.publish(7, 3, ['room']);
    fixture.publish(7, 3, [1]);
    fixture.pass({ kind: 'deleted', roomId: 7, epoch: 5, seq: 6, n: 5, deleted: 2 });
    await ann.received(2);
    await bob.received(2);
    const common = { roomId: 7, epoch: 5, seq: 6, n: 5, messages: 5, deleted: [2] };
    // Ann: by Bob, by a third user to all, by a third user. Bob: by Ann to all and Bob, by a third user to all.
    expect(ann.news).to.deep.equal([{ ...common, ownN: 3, mentions: 3 }]);
    expect(bob.news).to.deep.equal([{ ...common, ownN: 2, mentions: 2 }]);
  });

  it('send mentions of all members to users who have neither sent nor been mentioned', async () => {
    const ann = await fixture.watch(1);
    fixture.publish(7, 2, ['room']);
    await ann.received(2);
    expect(ann.news[0]?.mentions).to.equal(1);
  });

  it('split news of many rooms over several frames', async () => {
    fixture.rooms.set(
      1,
      Array.from({ length: 450 }, (_, index) => index + 1),
    );
    const ann = await fixture.watch(1);
    for (let room = 1; room <= 450; room++) fixture.publish(room, 3);
    await until(() => ann.news.length === 450);
    const sizes = ann.frames.flatMap((frame) => (frame.type === 'inbox' ? [frame.rooms.length] : []));
    expect(Math.max(...sizes)).to.equal(200);
  });

  it('pass reading on to all watching sockets of the user, and to no other', async () => {
    const [ann, phone, bob] = [await fixture.watch(1), await fixture.watch(1), await fixture.watch(2)];
    fixture.pass({ kind: 'read', roomId: 7, userId: 1, epoch: 5, seq: 9, n: 8, unread: false });
    fixture.pass({ kind: 'read', roomId: 7, userId: 1, epoch: 5, seq: 2, n: undefined, unread: true });
    for (const each of [ann, phone]) {
      expect(each.frames.slice(1)).to.deep.equal([
        { type: 'read', roomId: 7, userId: 1, epoch: 5, seq: 9, n: 8 },
        { type: 'read', roomId: 7, userId: 1, epoch: 5, seq: 2, unread: true },
      ]);
    }
    expect(bob.types).to.deep.equal(['inbox-watched']);
  });
});
