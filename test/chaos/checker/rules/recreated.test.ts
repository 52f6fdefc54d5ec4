import { expect } from 'chai';
import type { ChangeOutcome, Fault, LifeEvent, RoomLives } from '../../history/history.js';
import { indexHistory } from '../../history/index-history.js';
import { lifeContent } from '../../recreated/life-content.js';
import { simulate } from '../../testing/simulated-history.js';
import { recreated } from './recreated.js';

const ROOM = 7;

type WithoutTime<Event> = Event extends LifeEvent ? Omit<Event, 'at'> : never;
type ChangeOf = WithoutTime<Extract<LifeEvent, { outcome: ChangeOutcome }>>;

describe('the history checker, about recreated rooms,', () => {
  const at = 0;
  const [one, two] = [lifeContent(ROOM, 1), lifeContent(ROOM, 2)];
  const events: readonly LifeEvent[] = [
    { at, type: 'create', name: 'first', outcome: 'done' },
    { at, type: 'looked', name: 'first' },
    { at, type: 'sent', life: 1, content: one, acked: true },
    { at, type: 'seen', by: 'gateway-1', life: 1, enteredIn: 1 },
    { at, type: 'rename', name: 'other', outcome: 'refused' },
    { at, type: 'looked', name: 'first' },
    { at, type: 'rename', name: 'other', outcome: 'unknown' },
    { at, type: 'looked', name: 'other' },
    { at, type: 'delete', outcome: 'unknown' },
    { at, type: 'looked', name: undefined },
    { at, type: 'create', name: 'second', outcome: 'refused' },
    { at, type: 'looked', name: undefined },
    { at, type: 'create', name: 'second', outcome: 'done' },
    { at, type: 'looked', name: 'second' },
    { at, type: 'rename', name: 'last', outcome: 'done' },
    { at, type: 'looked', name: 'last' },
    { at, type: 'sent', life: 2, content: two, acked: true },
    { at, type: 'seen', by: 'gateway-1', life: 2, enteredIn: 2 },
  ];
  const good: RoomLives = {
    ...{ roomId: ROOM, events, life: 2, exists: true },
    ...{ gateways: { 'gateway-1': 'room-joined' }, messages: [two] },
  };
  const violations = (change: Partial<RoomLives>, faults: Fault[] = []): string[] => {
    const lives = [{ ...good, ...change }];
    const history = { ...simulate({ clients: 3, rooms: 1, messages: 1 }), lives, faults };
    return [...recreated.check(indexHistory(history))].map(({ what }) => what);
  };

  it('accepts lives without traces of each other', () => {
    expect(violations({})).to.deep.equal([]);
  });

  it('finds a message of an earlier life in the history', () => {
    expect(violations({ messages: [one, two] })).to.deep.equal([
      'room 7: its history in life 2 has a message of life 1',
    ]);
  });

  it('finds an acknowledged message that the history lacks', () => {
    expect(violations({ messages: [] })).to.deep.equal([
      'room 7: its history does not have what was acknowledged in life 2 once',
    ]);
  });

  it('accepts an acknowledged message that Redis lost, unless it exists twice', () => {
    const loss = { since: at - 1, at, until: at + 1 };
    const fault: Fault = { kind: 'redis-empty', what: 'redis', startedAt: at, endedAt: at + 1, loss };
    expect(violations({ messages: [] }, [fault])).to.deep.equal([]);
    expect(violations({ messages: [two, two] }, [fault])).to.have.length(1);
    expect(violations({ messages: [] }, [{ ...fault, loss: { ...loss, until: at } }])).to.have.length(1);
  });

  it('finds a member that received a message of an earlier life, and one that is in the new life without having entered it', () => {
    const old: LifeEvent = { at, type: 'seen', by: 'gateway-1', life: 1, enteredIn: 2 };
    const silent: LifeEvent = { at, type: 'seen', by: 'gateway-2', life: 2, enteredIn: 1 };
    expect(violations({ events: [...events, old, silent] })).to.deep.equal([
      'room 7: a member on gateway-1 that entered life 2 received a message of life 1',
      'room 7: a member on gateway-2 that entered life 1 received a message of life 2',
    ]);
  });

  it('finds a member to which the end was never announced', () => {
    const event: LifeEvent = { at, type: 'not-told', by: 'gateway-3', enteredIn: 1 };
    expect(violations({ events: [...events, event] })).to.deep.equal([
      'room 7: a member on gateway-3 was never told that life 1 is over',
    ]);
  });

  it('finds a member to which a new name was never announced', () => {
    const event: LifeEvent = { at, type: 'name-not-told', by: 'gateway-3', name: 'last' };
    expect(violations({ events: [...events, event] })).to.deep.equal([
      'room 7: a member on gateway-3 was never told that its name is last',
    ]);
  });

  it('finds a gateway that differs from the API', () => {
    expect(violations({ gateways: { 'gateway-2': 'room_not_found' } })).to.deep.equal([
      'room 7 exists, and gateway-2 answers room_not_found to a join',
    ]);
    const gone: LifeEvent[] = [
      ...events,
      { at, type: 'delete', outcome: 'done' },
      { at, type: 'looked', name: undefined },
    ];
    expect(violations({ events: gone, exists: false, messages: [] })).to.deep.equal([
      'room 7 does not exist, and gateway-1 answers room-joined to a join',
    ]);
  });

  it('finds a change that did not happen although it succeeded, and one that was refused and happened', () => {
    const afterwards = (change: ChangeOf, name: string | undefined): string[] =>
      violations({ events: [...events, { at, ...change }, { at, type: 'looked', name }] });
    const [done, refused, unknown] = ['done', 'refused', 'unknown'] as const;
    expect(afterwards({ type: 'delete', outcome: done }, 'last')).to.deep.equal([
      'room 7: to delete it was answered with "done", and it is called last',
    ]);
    expect(afterwards({ type: 'delete', outcome: refused }, undefined)).to.deep.equal([
      'room 7: to delete it was answered with "refused", and it does not exist',
    ]);
    expect(afterwards({ type: 'rename', name: 'new', outcome: done }, 'last')).to.deep.equal([
      'room 7: to rename it was answered with "done", and it is called last',
    ]);
    expect(afterwards({ type: 'rename', name: 'new', outcome: refused }, 'new')).to.deep.equal([
      'room 7: to rename it was answered with "refused", and it is called new',
    ]);
    expect(afterwards({ type: 'rename', name: 'new', outcome: unknown }, 'first')).to.deep.equal([
      'room 7: to rename it was answered with "unknown", and it is called first',
    ]);
    expect(afterwards({ type: 'delete', outcome: unknown }, 'first')).to.deep.equal([
      'room 7: to delete it was answered with "unknown", and it is called first',
    ]);
  });
});
