import { expect } from 'chai';
import { type DraftEvents, violationsOf } from '../../../testing/simulated-events.js';

const [ROOM, ANN, BEN] = [1, 7, 8];

describe('the history checker, of events of presence,', () => {
  let events: DraftEvents;
  const happened = (...all: ReadonlyArray<[type: string, userId?: number]>): void => {
    events = { pulled: [], deliveries: [], changes: [] };
    for (const [type, id = 0] of all) {
      const data = { roomId: ROOM, user: { id } };
      const event = { id: `evt_${events.pulled.length + 1}`, timestamp: '', type, data };
      events.pulled.push({ at: 0, event });
    }
  };
  /** @param present ids of the users in the room at the end */
  const violations = (present: readonly number[]): string[] =>
    violationsOf('presence-events', events, [{ roomId: ROOM, archive: [], pages: [], present }]);
  const [joined, left, occupied, vacated] = [
    'presence.joined',
    'presence.left',
    'room.occupied',
    'room.vacated',
  ];

  it('finds nothing where users and rooms alternate, and end as they are', () => {
    happened(
      [joined, ANN],
      [occupied],
      [joined, BEN],
      [left, ANN],
      [left, BEN],
      [vacated],
      [joined, ANN],
      [occupied],
    );
    expect(violations([ANN])).to.deep.equal([]);
  });

  it('finds a user who joins, leaves, or a room that is occupied twice in a row', () => {
    happened([joined, ANN], [occupied], [joined, ANN]);
    expect(violations([ANN])).to.have.length(1);
    happened([joined, ANN], [occupied], [left, ANN], [left, ANN], [vacated]);
    expect(violations([])).to.have.length(1);
    happened([joined, ANN], [occupied], [joined, BEN], [occupied]);
    expect(violations([ANN, BEN])).to.have.length(1);
  });

  it('finds a user who is there without an event, or gone without one', () => {
    happened([joined, ANN], [occupied]);
    expect(violations([ANN, BEN])).to.have.length(1);
    happened([joined, ANN], [occupied], [joined, BEN]);
    expect(violations([BEN])).to.have.length(1);
  });

  it('finds a room that is empty and not vacated', () => {
    happened([joined, ANN], [occupied], [left, ANN]);
    expect(violations([])).to.have.length(1);
  });
});
