import { createPrng } from '@chorus/testing';
import { EPOCH, LARGE_ROOM, type Size } from './fill.js';

const WARM_UP = 50;
const REQUESTS = 500;

/** Kind of requests. `path` returns a different one at each call. */
export interface RequestKind {
  readonly name: string;
  path(random: () => number): string;
}

/** Requests for messages, by the size of the data. */
export function requestKinds({ messages, rooms }: Size): RequestKind[] {
  const largest = Math.floor(messages / 10);
  const others = Math.floor((messages - largest) / (rooms - 1));
  const any = (random: () => number): number => 2 + Math.floor(random() * (rooms - 1));
  const deep = (random: () => number, most: number): string =>
    `${EPOCH}-${1 + Math.floor(random() * (most - 1))}`;
  const list = (room: number, query = ''): string => `/api/rooms/${room}/messages${query}`;
  return [
    { name: 'newest page, large room', path: () => list(LARGE_ROOM) },
    { name: 'newest page, any public room', path: (random) => list(publicRoom(any(random))) },
    {
      name: 'page before, large room',
      path: (random) => list(LARGE_ROOM, `?before=${deep(random, largest)}`),
    },
    { name: 'page after, large room', path: (random) => list(LARGE_ROOM, `?after=${deep(random, largest)}`) },
    {
      name: 'page before, any public room',
      path: (random) => list(publicRoom(any(random)), `?before=${deep(random, others)}`),
    },
    {
      name: 'changed since, large room',
      path: (random) => list(LARGE_ROOM, `?changedSince=${deep(random, largest)}`),
    },
    { name: 'inbox, first page', path: () => '/api/inbox' },
    { name: 'inbox, longest page', path: () => '/api/inbox?limit=100' },
  ];
}

/** Rooms whose id is divisible by three are private. */
function publicRoom(id: number): number {
  return id % 3 === 0 ? id - 1 : id;
}

export interface RequestFigures {
  readonly p50: number;
  readonly p99: number;
  /** Processor time of a request in the API and in PostgreSQL, in milliseconds. */
  readonly apiMs: number;
  readonly postgresMs: number;
}

/** Sends requests one after the other. @param cpu processor time so far, in microseconds */
export async function measureRequests(
  kind: RequestKind,
  send: (path: string) => Promise<void>,
  cpu: { api(): number; postgres(): number },
): Promise<RequestFigures> {
  const prng = createPrng(1);
  const random = (): number => prng.next();
  for (let count = 0; count < WARM_UP; count++) await send(kind.path(random));
  const before = [cpu.api(), cpu.postgres()] as const;
  const times: number[] = [];
  for (let count = 0; count < REQUESTS; count++) {
    const path = kind.path(random);
    const began = performance.now();
    await send(path);
    times.push(performance.now() - began);
  }
  const each = (now: number, then: number): number => (now - then) / REQUESTS / 1_000;
  times.sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(share * times.length)] ?? Number.NaN;
  const [apiMs, postgresMs] = [each(cpu.api(), before[0]), each(cpu.postgres(), before[1])];
  return { p50: at(0.5), p99: at(0.99), apiMs, postgresMs };
}
