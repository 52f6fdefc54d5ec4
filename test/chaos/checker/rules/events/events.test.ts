import { expect } from 'chai';
import type { CommittedChange, PulledEvent } from '../../../history/events.js';
import { type DraftEvents, simulateEvents, violationsOf } from '../../../testing/simulated-events.js';

const RULES = ['events-exact', 'events-pulled', 'events-delivered', 'events-in-order', 'events-committed'];

describe('the history checker, of events,', () => {
  let events: DraftEvents;
  beforeEach(() => {
    events = simulateEvents();
  });

  const broken = (): string[] => RULES.filter((name) => violationsOf(name, events).length > 0);
  const middle = (type: string): PulledEvent => {
    const all = events.pulled.filter(({ event }) => event.type === type);
    return all[Math.floor(all.length / 2)] as PulledEvent;
  };
  /** Index of the delivery with which the endpoint processed an event. */
  const processed = (id: string): number =>
    events.deliveries.findIndex(({ event, answer }) => event.id === id && answer !== 'refused');
  const change = (fits: (change: CommittedChange) => boolean): number => {
    const at = events.changes.findIndex(fits);
    if (at < 0) throw new Error('there is no such change');
    return at;
  };

  it('finds nothing where nothing is wrong, in any order of rooms', () => {
    for (const seed of [1, 2, 3]) {
      events = simulateEvents(1_000, seed);
      expect(broken()).to.deep.equal([]);
    }
  });

  describe('finds in the log', () => {
    for (const type of [
      'message.created',
      'message.changed',
      'message.deleted',
      'member.added',
      'member.removed',
    ])
      it(`a change without its event: ${type}`, () => {
        const { event } = middle(type);
        events.pulled.splice(
          events.pulled.findIndex((each) => each.event === event),
          1,
        );
        expect(broken()).to.include.members(['events-exact', 'events-pulled', 'events-delivered']);
      });

    it('an event of a change that was rolled back', () => {
      const at = events.changes.findLastIndex(({ what }) => what === 'member.removed');
      events.changes.splice(at, 1);
      expect(broken()).to.deep.equal(['events-exact']);
    });

    it('an event of a change that had no effect: the message was deleted', () => {
      const { event } = middle('message.deleted');
      const { roomId, epoch = 0, seq = 0 } = event.data;
      const at = change(
        ({ what, target, ...each }) => what === 'deleted' && each.roomId === roomId && target?.seq === seq,
      );
      const { entry } = events.changes[at] as CommittedChange;
      const later = {
        ...(events.changes[at] as CommittedChange),
        what: 'edited',
        entry: { epoch, seq: (entry?.seq ?? 0) + 0.5 },
      };
      events.changes.splice(at + 1, 0, later);
      expect(broken()).to.deep.equal([]);
      const last = events.pulled.at(-1) as PulledEvent;
      const id = `evt_${events.pulled.length + 1}`;
      events.pulled.push({
        ...last,
        event: { ...event, id, type: 'message.changed', data: { ...event.data, change: 'edited' } },
      });
      expect(broken()).to.include('events-exact');
    });

    it('one change that is two events', () => {
      const { at, event } = middle('member.added');
      const twin = { ...event, id: `evt_${events.pulled.length + 1}` };
      events.pulled.push({ at, event: twin });
      events.deliveries.push({ at, event: twin, signed: true, answer: 'accepted' });
      expect(broken()).to.deep.equal(['events-exact']);
    });

    for (const kind of ['message.', 'member.'])
      it(`two events of a room in the wrong order: ${kind}…`, () => {
        const own = [...events.pulled.entries()].filter(
          ([, { event }]) => event.data.roomId === 1 && event.type.startsWith(kind),
        );
        const [one, two] = own.slice(4, 6);
        if (one === undefined || two === undefined) throw new Error('too few events');
        const exchange = ([at, receipt]: typeof one, [, other]: typeof one): void => {
          events.pulled[at] = { ...receipt, event: { ...other.event, id: receipt.event.id } };
        };
        exchange(one, two);
        exchange(two, one);
        expect(violationsOf('events-exact', events)).to.have.length(1);
      });

    it('an event that is read twice', () => {
      events.pulled.splice(50, 0, events.pulled[50] as PulledEvent);
      expect(broken()).to.deep.equal(['events-pulled']);
    });

    it('an event that appears at a position that was read before', () => {
      const [late] = events.pulled.splice(50, 1);
      events.pulled.splice(60, 0, late as PulledEvent);
      expect(broken()).to.include('events-pulled');
    });
  });

  describe('finds at a webhook', () => {
    it('an event that was only refused', () => {
      const { event } = middle('message.created');
      for (const [at, each] of events.deliveries.entries())
        if (each.event.id === event.id) events.deliveries[at] = { ...each, answer: 'refused' };
      expect(broken()).to.deep.equal(['events-delivered']);
    });

    it('an event that the log does not have', () => {
      const at = processed(middle('message.created').event.id);
      const delivery = events.deliveries[at];
      if (delivery === undefined) throw new Error('it was not delivered');
      events.deliveries.push({ ...delivery, event: { ...delivery.event, id: 'evt_999999' } });
      expect(broken()).to.deep.equal(['events-delivered']);
    });

    it('two events under one id', () => {
      const at = processed(middle('message.created').event.id);
      const delivery = events.deliveries[at];
      if (delivery === undefined) throw new Error('it was not delivered');
      const data = { ...delivery.event.data, seq: 1 };
      events.deliveries.push({ ...delivery, event: { ...delivery.event, data } });
      expect(broken()).to.deep.equal(['events-delivered']);
    });

    it('a delivery without a valid signature', () => {
      const [first] = events.deliveries;
      if (first === undefined) throw new Error('nothing was delivered');
      events.deliveries[0] = { ...first, signed: false };
      expect(broken()).to.deep.equal(['events-delivered']);
    });

    it('an event that overtakes another one of its room', () => {
      const firsts = [
        ...new Set(events.deliveries.filter(({ answer }) => answer !== 'refused').map(({ event }) => event)),
      ];
      const [one, two] = firsts.filter(({ data }) => data.roomId === 1).slice(5, 7);
      if (one === undefined || two === undefined) throw new Error('too few events');
      events.deliveries.splice(processed(one.id), 0, { at: 0, event: two, signed: true, answer: 'accepted' });
      expect(violationsOf('events-in-order', events)).to.have.length(1);
    });
  });

  for (const who of ['pulled', 'deliveries'] as const)
    describe(`finds in what ${who === 'pulled' ? 'a reader' : 'a webhook'} received`, () => {
      const spoil = (spoiled: (receipt: PulledEvent) => Partial<PulledEvent>): void => {
        const { event } = middle('message.created');
        const receipts: PulledEvent[] = events[who];
        const at = receipts.findIndex((each) => each.event.id === event.id);
        const receipt = receipts[at] as PulledEvent;
        receipts[at] = { ...receipt, ...spoiled(receipt) };
      };

      it('an event before its commit', () => {
        spoil(({ at }) => ({ at: at - 400 }));
        expect(broken()).to.deep.equal(['events-committed']);
      });

      it('an event of a message without the message', () => {
        spoil(({ event }) => ({ event: { ...event, data: { ...event.data, message: null } } }));
        expect(broken()).to.deep.equal(['events-committed']);
      });
    });
});
