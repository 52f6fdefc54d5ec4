import type { PresenceStore } from '@chorus/presence';
import type { Member } from '@chorus/protocol';
import type { Handler } from '../http/context.js';
import { unavailable } from '../http/http-error.js';
import { parseInput } from '../http/input.js';
import { roomIdOf, SEED_PAGE, seedListInput } from './room-inputs.js';
import type { RoomService } from './room-service.js';
import { seedPage } from './seed-page.js';

export type PresenceReader = Pick<PresenceStore, 'members' | 'everyone' | 'busiest'>;

/** Who is in a room, on whichever gateway. */
export function listRoomClients(rooms: RoomService, presence: PresenceReader): Handler {
  return async (ctx) => {
    const { after } = parseInput(seedListInput, ctx.query);
    const { id } = await rooms.get(roomIdOf(ctx));
    ctx.body = seedPage(ctx, await asked(presence.members(id, after, SEED_PAGE + 1))).map(client);
  };
}

/** Everybody who is in any room, each once. */
export function listAllClients(presence: PresenceReader): Handler {
  return async (ctx) => {
    const { after } = parseInput(seedListInput, ctx.query);
    ctx.body = seedPage(ctx, await asked(presence.everyone(after, SEED_PAGE + 1))).map(client);
  };
}

const client = ({ id, username }: Member): Member => ({ id, username });

/** A presence store rejects only when it cannot be reached. */
function asked(answer: Promise<Member[]>): Promise<Member[]> {
  return answer.catch((error: unknown) => {
    throw unavailable(error);
  });
}
