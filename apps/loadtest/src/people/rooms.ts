import pLimit from 'p-limit';
import { z } from 'zod';
import type { ApiClient } from './api-client.js';

const CONCURRENCY = 8;
const PAGE = 100;

const roomSchema = z.object({ id: z.int().positive(), name: z.string() });
const pageSchema = z.object({ rooms: z.array(roomSchema), nextCursor: z.number().nullable() });

export interface RoomOptions {
  readonly prefix: string;
  readonly count: number;
  /** Token of the user who creates the rooms. */
  readonly token: string;
  readonly progress: (done: number) => void;
}

/**
 * Returns rooms whose names begin with the prefix; those of an earlier run are used again.
 * @throws {ProvisionError}
 */
export async function openRooms(api: ApiClient, options: RoomOptions): Promise<number[]> {
  const { prefix, count, token } = options;
  const names = Array.from({ length: count }, (_, index) => `${prefix}-room-${index + 1}`);
  const ids = await findRooms(api, new Set(names), token);
  const limit = pLimit(CONCURRENCY);
  try {
    await Promise.all(
      names
        .filter((name) => !ids.has(name))
        .map((name) =>
          limit(async () => {
            ids.set(name, await createRoom(api, name, token));
            options.progress(ids.size);
          }),
        ),
    );
  } finally {
    limit.clearQueue();
  }
  return names.flatMap((name) => ids.get(name) ?? []);
}

async function findRooms(
  api: ApiClient,
  names: ReadonlySet<string>,
  token: string,
): Promise<Map<string, number>> {
  const ids = new Map<string, number>();
  let cursor: number | null = 0;
  while (cursor !== null && ids.size < names.size) {
    const answer = await api.request(`/api/rooms?limit=${PAGE}&cursor=${cursor}`, { token });
    const page = pageSchema.safeParse(answer.body);
    if (answer.status !== 200 || !page.success) throw api.failure('a list of rooms', answer);
    for (const { id, name } of page.data.rooms) {
      // Names are not unique: every run uses the first room of a name.
      if (names.has(name) && !ids.has(name)) ids.set(name, id);
    }
    cursor = page.data.nextCursor;
  }
  return ids;
}

async function createRoom(api: ApiClient, name: string, token: string): Promise<number> {
  const answer = await api.request('/api/rooms', { body: { name }, token });
  const room = roomSchema.safeParse(answer.body);
  if (answer.status !== 201 || !room.success) throw api.failure('creating a room', answer);
  return room.data.id;
}
