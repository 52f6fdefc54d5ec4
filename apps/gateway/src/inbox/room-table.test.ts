import { createPrng } from '@chorus/testing';
import { expect } from 'chai';
import { RoomTable } from './room-table.js';

describe('RoomTable', () => {
  for (const [name, idOf] of [
    ['consecutive', (n: number) => n + 1],
    ['spread', (n: number) => (n + 1) * 4_096],
    ['large', (n: number) => Number.MAX_SAFE_INTEGER - n],
  ] as const) {
    it(`agrees with a map after any sequence of changes, with ${name} ids`, () => {
      const prng = createPrng(5);
      const table = new RoomTable();
      const map = new Map<number, number>();
      for (let step = 1; step <= 60_000; step++) {
        const room = idOf(prng.below(step < 30_000 ? 3_000 : 200));
        if (prng.below(100) < 55) {
          table.set(room, step);
          map.set(room, step);
        } else {
          table.delete(room);
          map.delete(room);
        }
        expect(table.get(room)).to.equal(map.get(room) ?? 0);
      }
      for (let n = 0; n < 3_000; n++) expect(table.get(idOf(n))).to.equal(map.get(idOf(n)) ?? 0);
      expect(table.size).to.equal(map.size);
    });
  }
});
