import { expect } from 'chai';
import { type Scenario, scenarioSchema } from '../scenario.js';
import { makePlan, type Plan, PlanError } from './plan.js';

const TWO = ['ws://127.0.0.1:1', 'ws://127.0.0.1:2'];

function scenario(options: Partial<Scenario>): Scenario {
  return { ...scenarioSchema.parse({ targets: TWO }), ...options };
}

function membersOf(plan: Plan): Map<number, number[]> {
  const members = new Map<number, number[]>();
  for (let connection = 0; connection < plan.connections; connection++) {
    for (const room of plan.roomsOf(connection)) {
      members.set(room, [...(members.get(room) ?? []), connection]);
    }
  }
  return members;
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

describe('the plan of a run', () => {
  it('fills every room with the planned number of different connections', () => {
    const plan = makePlan(scenario({ connections: 60, rooms: 30, membersPerRoom: 10 }), false);
    const members = membersOf(plan);
    expect(members.size).to.equal(30);
    for (const connections of members.values()) expect(new Set(connections).size).to.equal(10);
    for (const connection of upTo(60)) expect(plan.roomsOf(connection).length).to.equal(5);
  });

  it('spreads the members of each room over the targets', () => {
    const plan = makePlan(scenario({ connections: 400, rooms: 100, membersPerRoom: 4 }), true);
    for (const connections of membersOf(plan).values()) {
      expect(connections.filter((connection) => plan.targetOf(connection) === 0)).to.have.length(2);
    }
  });

  it('keeps rooms in one worker even if its share becomes a little unequal', () => {
    const plan = makePlan(scenario({ connections: 1_000, rooms: 10, membersPerRoom: 100, workers: 3 }), true);
    expect(plan.workers).to.deep.equal([
      { first: 0, end: 300 },
      { first: 300, end: 700 },
      { first: 700, end: 1_000 },
    ]);
    for (const room of upTo(10)) expect(plan.isWhole(room)).to.equal(true);
  });

  it('splits a room that is too big for one worker, and marks it', () => {
    const plan = makePlan(
      scenario({ connections: 1_000, rooms: 1, membersPerRoom: 1_000, workers: 2 }),
      true,
    );
    expect(plan.workers.map(({ first, end }) => end - first)).to.deep.equal([500, 500]);
    expect(plan.isWhole(0)).to.equal(false);
  });

  it('gives every connection to exactly one worker', () => {
    const plan = makePlan(
      scenario({ connections: 997, rooms: 300, membersPerRoom: 7, workers: 5, mix: 'heavy-tailed' }),
      false,
    );
    expect(plan.workers[0]?.first).to.equal(0);
    expect(plan.workers.at(-1)?.end).to.equal(997);
    for (const [worker, { first }] of plan.workers.slice(1).entries()) {
      expect(first).to.equal(plan.workers[worker]?.end);
    }
  });

  it('has one giant room with all users and a long tail of small ones', () => {
    const plan = makePlan(
      scenario({ connections: 500, rooms: 200, membersPerRoom: 10, mix: 'heavy-tailed' }),
      false,
    );
    const sizes = upTo(200).map((room) => membersOf(plan).get(room)?.length ?? 0);
    expect(sizes[0]).to.equal(500);
    const others = sizes.slice(1);
    expect(others.reduce((sum, size) => sum + size)).to.equal(199 * 10);
    expect(others).to.deep.equal(others.toSorted((a, b) => b - a));
    expect(Math.max(...others)).to.be.greaterThan(100);
    expect(Math.min(...others)).to.be.within(1, 5);
  });

  it('uses every connection once if a connection can be in one room only', () => {
    const plan = makePlan(
      scenario({ connections: 1_000, rooms: 100, membersPerRoom: 10, mix: 'heavy-tailed' }),
      true,
    );
    for (const connection of upTo(1_000)) expect(plan.roomsOf(connection).length).to.equal(1);
  });

  it('lets each sender send once per round, to the next of its rooms', () => {
    const plan = makePlan(
      scenario({ connections: 40, rooms: 20, membersPerRoom: 10, rate: 100, warmUpMs: 0, durationMs: 2_000 }),
      false,
    );
    expect(plan.messages).to.equal(200);
    for (const round of upTo(5)) {
      const senders = upTo(40).map((at) => plan.senderOf(round * 40 + at));
      expect(new Set(senders).size).to.equal(40);
    }
    const rooms = new Map<number, number[]>();
    for (const message of upTo(200)) {
      const connection = plan.connectionOf(plan.senderOf(message));
      rooms.set(connection, [...(rooms.get(connection) ?? []), plan.roomOf(message)]);
    }
    for (const [connection, sent] of rooms) {
      expect([...new Set(sent)].toSorted((a, b) => a - b)).to.deep.equal([...plan.roomsOf(connection)]);
    }
  });

  it('does not let all senders use the giant room at once', () => {
    const plan = makePlan(
      scenario({ connections: 100, rooms: 101, membersPerRoom: 10, mix: 'heavy-tailed' }),
      false,
    );
    const toGiant = upTo(100).filter((message) => plan.roomOf(message) === 0).length;
    expect(toGiant).to.be.lessThan(50);
  });

  it('takes senders from all targets, and none of the slow readers', () => {
    const plan = makePlan(
      scenario({ connections: 400, rooms: 100, membersPerRoom: 4, senders: 100, slowReaders: 40 }),
      true,
    );
    const senders = upTo(100).map((sender) => plan.connectionOf(sender));
    expect(new Set(senders).size).to.equal(100);
    expect(senders.some((connection) => plan.isSlow(connection))).to.equal(false);
    const first = senders.filter((connection) => plan.targetOf(connection) === 0).length;
    expect(first).to.be.within(40, 60);
    expect(upTo(400).filter((connection) => plan.isSlow(connection))).to.have.length(40);
  });

  it('cuts every connection once before any twice, except slow readers', () => {
    const plan = makePlan(
      scenario({ connections: 100, rooms: 10, membersPerRoom: 10, slowReaders: 10 }),
      true,
    );
    const cut = upTo(90).map((number) => plan.churned(number));
    expect(new Set(cut).size).to.equal(90);
    expect(cut.some((connection) => plan.isSlow(connection))).to.equal(false);
    expect(plan.churned(90)).to.equal(plan.churned(0));
  });

  it('counts from the first message that is due after the warm-up', () => {
    const plan = makePlan(
      scenario({
        connections: 10,
        rooms: 1,
        membersPerRoom: 10,
        rate: 3,
        warmUpMs: 1_500,
        durationMs: 2_000,
      }),
      true,
    );
    expect(plan.firstCounted).to.equal(5);
    expect(plan.messages).to.equal(10);
  });

  const refused: Array<[string, Partial<Scenario>, boolean, RegExp]> = [
    ['more connections than places', { connections: 1_001 }, false, /places for 1000 members/],
    ['fewer where one is in one room only', { connections: 999 }, true, /need 1000 connections, not 999/],
    ['rooms with more members than connections', { connections: 9, rooms: 9 }, false, /room of 10/],
    ['no receivers', { connections: 1_000, slowReaders: 1_000 }, true, /none receives/],
    ['more senders than can send', { slowReaders: 1, senders: 1_000 }, true, /999 connections that can send/],
    ['more workers than connections', { workers: 1_001 }, true, /too many/],
  ];
  for (const [what, options, oneRoom, message] of refused) {
    it(`is refused for ${what}`, () => {
      expect(() => makePlan(scenario(options), oneRoom)).to.throw(PlanError, message);
    });
  }
});
