import { KEY_SCOPE_NAMES } from '@chorus/protocol';
import type { Router } from '@koa/router';
import { z } from 'zod';
import type { Context, Handler, RequestState } from '../../http/context.js';
import { parseInput } from '../../http/input.js';
import { jsonBody } from '../../http/middleware/json-body.js';
import type { Caller } from '../../keys/api-key.js';
import { changeRoomInput, createRoomInput, cursor, limit, roomPath } from '../../rooms/inputs.js';
import { restRoom } from '../../rooms/json.js';
import type { RoomOfUser } from '../../rooms/repository.js';
import { createOnceForOperator } from '../create-once.js';
import { type OperatorServices, record } from '../dependencies.js';
import { noQuery } from '../inputs.js';
import { listBusiestRooms } from './list-busiest-rooms.js';

/** Operators may do what an API key with all scopes may do for the application, and are the authors of their changes by this name. */
const OPERATOR: Caller = {
  key: {
    ...{ id: 'operator', name: 'operator', scopes: new Set(KEY_SCOPE_NAMES) },
    ...{ botId: undefined, expiresAt: undefined, messagesPerSecond: undefined },
  },
};

const allRoomsInput = z.strictObject({ cursor, limit });

/** Adds the routes that manage rooms. */
export function addRoomRoutes(router: Router<RequestState>, services: OperatorServices): void {
  const { roomService, answers, log } = services;
  const body = jsonBody();
  const idOf = (ctx: Context): number => {
    const { roomId } = parseInput(roomPath, ctx.params);
    ctx.state.roomId = roomId;
    return roomId;
  };
  const busiest = listBusiestRooms(services);

  const list: Handler = async (ctx) => {
    if (ctx.query.cursor === undefined) return busiest(ctx);
    const { cursor: after, limit: most } = parseInput(allRoomsInput, ctx.query);
    // One more than requested shows whether there are more.
    const found = await roomService.list(OPERATOR, after, most + 1, true);
    const page = found.slice(0, most);
    ctx.body = {
      rooms: page.map(roomJson),
      nextCursor: found.length > most ? (page.at(-1)?.id ?? null) : null,
    };
  };
  const get: Handler = async (ctx) => {
    ctx.body = roomJson(await roomService.get(OPERATOR, idOf(ctx)));
  };
  const create: Handler = async (ctx) => {
    const input = parseInput(createRoomInput, ctx.request.body);
    await createOnceForOperator(ctx, answers, { operation: 'createRoom', input }, async (once) => {
      const { id, ...draft } = input;
      const remember = once?.remember((room: RoomOfUser) => ({ createdId: room.id, body: roomJson(room) }));
      const room = await roomService.create(OPERATOR, draft, id, remember);
      record(log, ctx, 'create room', { roomId: room.id, kind: room.kind });
      return roomJson(room);
    });
  };
  const change: Handler = async (ctx) => {
    const roomId = idOf(ctx);
    const changes = parseInput(changeRoomInput, ctx.request.body);
    ctx.body = roomJson(await roomService.change(OPERATOR, roomId, changes));
    record(log, ctx, 'change room', { roomId, changed: Object.keys(changes) });
  };
  const remove: Handler = async (ctx) => {
    const roomId = idOf(ctx);
    await roomService.delete(OPERATOR, roomId);
    record(log, ctx, 'delete room', { roomId });
    ctx.status = 204;
  };

  router.get('/rooms', list);
  router.post('createRoom', '/rooms', noQuery, body, create);
  router.get('/rooms/:roomId', noQuery, get);
  router.patch('renameRoom', '/rooms/:roomId', noQuery, body, change);
  router.delete('deleteRoom', '/rooms/:roomId', noQuery, remove);
}

/** Returns a room as operators see it: they have no role in it. */
function roomJson(room: RoomOfUser) {
  const { role, ...rest } = restRoom(room);
  return rest;
}
