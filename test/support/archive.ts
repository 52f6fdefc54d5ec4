import type { Cluster } from '@chorus/cluster';
import { createDatabase, type Database } from '@chorus/database';
import type { MessageFrame } from '@chorus/protocol';
import { patiently } from '@chorus/testing';
import { type Person, request } from './clients/people.js';

/** A message, as sockets, the history and the archive agree about it. */
export interface Said {
  epoch: number;
  seq: number;
  content: string;
}

export interface Page {
  messages: MessageFrame[];
  before: string | null;
  after: string | null;
}

export function said({ epoch, seq, content }: MessageFrame): Said {
  return { epoch, seq, content };
}

/** One page of a room's history. @throws unless the answer is 200 */
export async function readPage(url: string, person: Person, room: number, query = ''): Promise<Page> {
  const answer = await request(`${url}/api/rooms/${room}/messages${query}`, { token: person.token });
  if (answer.status === 200) return answer.body as Page;
  throw new Error(`expected 200, got ${answer.status}: ${JSON.stringify(answer.body)}`);
}

/** Everything that was said in a room, read from the newest message backwards. */
export async function readBack(url: string, person: Person, room: number, limit = 100): Promise<Said[]> {
  const pages: Said[][] = [];
  let query = `?limit=${limit}`;
  for (;;) {
    const { messages, before } = await readPage(url, person, room, query);
    pages.unshift(messages.map(said));
    if (before === null) return pages.flat();
    query = `?limit=${limit}&before=${before}`;
  }
}

/** The same from the first message on, up to what is the newest when it gets there. */
export async function readOn(url: string, person: Person, room: number, limit = 100): Promise<Said[]> {
  const read: Said[] = [];
  let query = `?limit=${limit}&after=0-0`;
  for (;;) {
    const { messages, after } = await readPage(url, person, room, query);
    read.push(...messages.map(said));
    if (after === null) return read;
    query = `?limit=${limit}&after=${after}`;
  }
}

/** Looks into the database of a cluster. */
export class ArchiveProbe {
  readonly #db: Database;

  constructor({ postgres }: Pick<Cluster, 'postgres'>) {
    this.#db = createDatabase(postgres.url, { poolSize: 2, timeoutMs: patiently(10_000) });
  }

  /** What is stored of a room, in order. */
  async messages(roomId: number): Promise<Said[]> {
    const rows = await this.#db.message.findMany({
      where: { roomId },
      orderBy: [{ epoch: 'asc' }, { seq: 'asc' }],
    });
    return rows.map(({ epoch, seq, content }) => ({ epoch: Number(epoch), seq: Number(seq), content }));
  }

  close(): Promise<void> {
    return this.#db.$disconnect();
  }
}
