import type { Scenario } from '../scenario.js';
import { roomSizes } from './room-sizes.js';

/** A scenario with inconsistent numbers; the message is for its author. */
export class PlanError extends Error {
  override readonly name = 'PlanError';
}

/** Connections of one worker: from `first` to before `end`. */
export interface Share {
  readonly first: number;
  readonly end: number;
}

/**
 * The parts of all connections in a run. It follows from the scenario alone, so that every worker knows all of it.
 * Connections, rooms, senders and workers are numbered from 0. Message k is due k/rate seconds after the load begins.
 */
export interface Plan {
  readonly connections: number;
  readonly rooms: number;
  /** Messages of the whole run, including the warm-up. */
  readonly messages: number;
  /** The first message that is due after the warm-up. */
  readonly firstCounted: number;
  readonly senders: number;
  readonly workers: readonly Share[];
  roomsOf(connection: number): Int32Array;
  /** Whether all members of the room are in one worker. */
  isWhole(room: number): boolean;
  targetOf(connection: number): number;
  /** Whether the connection stops reading when the load begins. Such a one sends nothing and is no receiver. */
  isSlow(connection: number): boolean;
  isLazy(connection: number): boolean;
  /** Returns the sender of the message. */
  senderOf(message: number): number;
  connectionOf(sender: number): number;
  /** Returns the room of the message; undefined without senders. */
  roomOf(message: number): number;
  /** Returns the connection that the n-th cut closes. */
  churned(cut: number): number;
}

/** Largest deviation of a worker's share from the average that avoids splitting a room. */
const UNEVEN = 0.1;

/**
 * @param oneRoom whether a connection can be in one room only
 * @throws {PlanError}
 */
export function makePlan(scenario: Scenario, oneRoom: boolean): Plan {
  const { connections, targets, rate, warmUpMs, durationMs } = scenario;
  const sizes = roomSizes(scenario, oneRoom);
  const memberships = check(scenario, sizes, oneRoom);
  const { starts, rooms, borders } = assign(connections, sizes, memberships);
  const workers = shares(connections, scenario.workers, borders);
  const roomsOf = (connection: number): Int32Array =>
    rooms.subarray(starts[connection] ?? 0, starts[connection + 1] ?? 0);

  const slow = new Uint8Array(connections);
  for (let index = 0; index < scenario.slowReaders; index++) {
    slow[Math.floor(((index + 0.5) * connections) / scenario.slowReaders)] = 1;
  }
  const readers = Int32Array.from({ length: connections }, (_, index) => index).filter((at) => !slow[at]);
  const senders = sendersAmong(readers, scenario.senders ?? readers.length, targets.length);
  const [sendStride, churnStride] = [coprimeStride(senders.length), coprimeStride(readers.length)];
  const senderOf = (message: number): number => ((message % senders.length) * sendStride) % senders.length;

  return {
    connections,
    rooms: sizes.length,
    messages: senders.length === 0 ? 0 : Math.floor((rate * (warmUpMs + durationMs)) / 1_000),
    firstCounted: Math.ceil((rate * warmUpMs) / 1_000),
    senders: senders.length,
    workers,
    roomsOf,
    isWhole: wholeRooms(workers, roomsOf, sizes.length),
    targetOf: (connection) => connection % targets.length,
    isSlow: (connection) => slow[connection] === 1,
    isLazy: (connection) => {
      const { lazyShare } = scenario;
      return (
        !slow[connection] && Math.floor((connection + 1) * lazyShare) > Math.floor(connection * lazyShare)
      );
    },
    senderOf,
    connectionOf: (sender) => senders[sender] ?? -1,
    roomOf: (message) => {
      const sender = senderOf(message);
      const connection = senders[sender] ?? 0;
      const start = starts[connection] ?? 0;
      const count = (starts[connection + 1] ?? 0) - start;
      if (count === 1) return rooms[start] ?? -1;
      // Senders begin with different rooms, not all with the giant one.
      return rooms[start + ((Math.floor(message / senders.length) + sender) % count)] ?? -1;
    },
    churned: (cut) => readers[(cut * churnStride) % readers.length] ?? -1,
  };
}

function check(scenario: Scenario, sizes: readonly number[], oneRoom: boolean): number {
  const { connections, membersPerRoom, slowReaders, senders, workers } = scenario;
  const memberships = sizes.reduce((sum, size) => sum + size, 0);
  if (membersPerRoom > connections) {
    throw new PlanError(`a room of ${membersPerRoom} needs more than ${connections} connections`);
  }
  if (connections > memberships) {
    throw new PlanError(
      `${sizes.length} rooms have places for ${memberships} members, and there are ${connections} connections`,
    );
  }
  if (oneRoom && connections < memberships) {
    throw new PlanError(
      `these sockets are in one room each: ${memberships} members need ${memberships} connections, not ${connections}`,
    );
  }
  if (slowReaders >= connections) throw new PlanError('all connections are slow readers: none receives');
  if (senders !== undefined && senders > connections - slowReaders) {
    throw new PlanError(`there are ${connections - slowReaders} connections that can send, not ${senders}`);
  }
  if (workers > connections)
    throw new PlanError(`${workers} workers are too many for ${connections} connections`);
  return memberships;
}

/**
 * Rooms take connections in turn, so members of a room have consecutive numbers. Returns the rooms of all
 * connections, one connection after the other, the start of each connection's rooms, and the first connection of each
 * room as far as all connections have been taken once.
 */
function assign(connections: number, sizes: readonly number[], memberships: number) {
  const starts = new Int32Array(connections + 1);
  const each = (visit: (connection: number, room: number) => void): void => {
    let next = 0;
    for (const [room, size] of sizes.entries()) {
      for (let member = 0; member < size; member++) visit((next + member) % connections, room);
      next = (next + size) % connections;
    }
  };
  each((connection) => {
    starts[connection + 1] = (starts[connection + 1] ?? 0) + 1;
  });
  for (let at = 0; at < connections; at++) starts[at + 1] = (starts[at + 1] ?? 0) + (starts[at] ?? 0);
  const rooms = new Int32Array(memberships);
  const free = starts.slice();
  each((connection, room) => {
    const at = free[connection] ?? 0;
    rooms[at] = room;
    free[connection] = at + 1;
  });
  const borders: number[] = [];
  let taken = 0;
  for (const size of sizes) {
    if (taken > 0 && taken < connections) borders.push(taken);
    if (taken < connections && size < connections) taken += size;
  }
  return { starts, rooms, borders };
}

/** Equal shares, moved a little to the start of a room. */
function shares(connections: number, workers: number, borders: readonly number[]): Share[] {
  const size = connections / workers;
  const firsts = Array.from({ length: workers }, (_, worker) => {
    const even = Math.round(worker * size);
    let near = even;
    let distance = size * UNEVEN;
    for (const border of worker === 0 ? [] : borders) {
      if (Math.abs(border - even) > distance) continue;
      distance = Math.abs(border - even);
      near = border;
    }
    return near;
  });
  return firsts.map((first, worker) => ({ first, end: firsts[worker + 1] ?? connections }));
}

function wholeRooms(
  workers: readonly Share[],
  roomsOf: (connection: number) => Int32Array,
  count: number,
): (room: number) => boolean {
  const owner = new Int32Array(count).fill(-1);
  const split = new Uint8Array(count);
  for (const [worker, { first, end }] of workers.entries()) {
    for (let connection = first; connection < end; connection++) {
      for (const room of roomsOf(connection)) {
        if (owner[room] === -1) owner[room] = worker;
        else if (owner[room] !== worker) split[room] = 1;
      }
    }
  }
  return (room) => split[room] === 0;
}

/** Evenly spread over connections and targets: every n-th connection could have one and the same target. */
function sendersAmong(readers: Int32Array, count: number, targets: number): Int32Array {
  const step = readers.length / count;
  return Int32Array.from({ length: count }, (_, sender) => {
    const at = Math.floor(sender * step) + (step >= targets ? sender % targets : 0);
    return readers[at] ?? -1;
  });
}

/** Returns a step size that reaches every element once per round, with distant neighbours. */
function coprimeStride(count: number): number {
  let stride = Math.max(1, Math.round(count * 0.618));
  while (gcd(stride, count) !== 1) stride++;
  return stride;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
