import { expect } from 'chai';
import { MemoryRoomStore } from './room-store.js';

const MINUTE = 60_000;
/** Interval at which expired keys are dropped, in milliseconds. */
const TURN = 5 * MINUTE;

describe('rooms in memory', () => {
  it('recognise a repeated message for at least five minutes, but not for ever', () => {
    for (const start of [0, 1, TURN / 2, TURN - 1]) {
      let now = 1_000 * TURN + start;
      const rooms = new MemoryRoomStore({ now: () => now });
      rooms.ensure(1, 0);
      const publish = (key: string): number | undefined => rooms.publish(1, '"a":1}', key)?.seq;
      expect(publish('k')).to.equal(1);
      now += TURN;
      expect(publish('k'), `${start} ms into a turn`).to.equal(1);
      now += 2 * TURN;
      expect(publish('k')).to.equal(2);
      // Even if nothing is published in between.
      now += 10 * TURN;
      expect(publish('k')).to.equal(3);
    }
  });
});
