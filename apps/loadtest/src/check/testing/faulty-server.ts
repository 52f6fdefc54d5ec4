import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CLOSE, parsePosition, SUBPROTOCOL } from '@chorus/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { EPOCH, type Fault, FaultyRoom, type Member, type Planted } from './faulty-room.js';

export interface FaultyServer {
  readonly url: string;
  readonly planted: Planted;
  close(): Promise<void>;
}

/** Speaks both protocols as far as the load tester needs, and commits the planned faults in each room. */
export async function startFaultyServer(plan: ReadonlyMap<number, readonly Fault[]>): Promise<FaultyServer> {
  const planted: Planted = { done: 0, unrecovered: 0 };
  const rooms = new Map<number, FaultyRoom>();
  const roomOf = (id: number): FaultyRoom => {
    const known = rooms.get(id);
    if (known) return known;
    const elsewhere = () => [...rooms].find(([other]) => other !== id)?.[1].anyMember();
    const room = new FaultyRoom([...(plan.get(id) ?? [])], planted, elsewhere);
    rooms.set(id, room);
    return room;
  };
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  server.on('connection', (socket, request) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const userId = Number(url.searchParams.get('userId'));
    if (socket.protocol === SUBPROTOCOL) speakV1(socket, userId, roomOf);
    else speakPlain(socket, userId, url, roomOf);
  });
  await once(server, 'listening');
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    planted,
    async close() {
      for (const client of server.clients) client.terminate();
      server.close();
      await once(server, 'close');
    },
  };
}

function speakPlain(socket: WebSocket, userId: number, url: URL, roomOf: (id: number) => FaultyRoom): void {
  const roomId = Number(url.pathname.split('/').at(-1));
  const room = roomOf(roomId);
  const frame = (fields: object): void =>
    socket.send(JSON.stringify({ ...fields, roomId, username: `user${userId}` }));
  const member: Member = {
    userId,
    deliver: ({ content }, position) =>
      frame({ seq: position.seq, epoch: position.epoch, type: 'message', content }),
    joined: (recovered, seq) => {
      if (recovered === undefined) return;
      frame({ type: 'recovery', content: 'recovery', epoch: EPOCH, seq, recovered });
    },
    ack: () => undefined,
    refuse: () => frame({ type: 'error', content: 'not sent', error: 'no', retry: false }),
    close: () => socket.close(CLOSE.restart.code),
  };
  room.enter(member, parsePosition(url.searchParams.get('since') ?? '')?.seq);
  socket.on('message', (data) => room.publish(member, { content: String(data), clientMsgId: undefined }));
  socket.on('close', () => room.leave(member));
}

interface V1Request {
  readonly type: string;
  readonly roomId: number;
  readonly since?: { readonly seq: number };
  readonly content: string;
  readonly clientMsgId: string;
}

function speakV1(socket: WebSocket, userId: number, roomOf: (id: number) => FaultyRoom): void {
  const send = (frame: object): void => socket.send(JSON.stringify(frame));
  const members = new Map<number, Member>();
  const memberOf = (roomId: number): Member => ({
    userId,
    deliver: ({ content }, { epoch, seq }) => send({ seq, epoch, type: 'message', content, roomId }),
    joined: (recovered = false, seq) => send({ type: 'room-joined', roomId, epoch: EPOCH, seq, recovered }),
    ack: ({ clientMsgId }, seq) => send({ type: 'ack', roomId, clientMsgId, epoch: EPOCH, seq }),
    refuse: ({ clientMsgId }) =>
      send({
        type: 'error',
        code: 'internal',
        error: 'no',
        retry: true,
        request: 'publish',
        roomId,
        clientMsgId,
      }),
    close: () => {
      send({ type: 'reconnect', afterMs: 100 });
      socket.close(CLOSE.restart.code);
    },
  });
  send({ type: 'welcome', limits: { maxRooms: 100, maxMessagesPerSecond: 1_000 } });
  socket.on('message', (data) => {
    const request = JSON.parse(String(data)) as V1Request;
    const { type, roomId, content, clientMsgId } = request;
    const member = members.get(roomId) ?? memberOf(roomId);
    members.set(roomId, member);
    if (type === 'join') roomOf(roomId).enter(member, request.since?.seq);
    else roomOf(roomId).publish(member, { content, clientMsgId });
  });
  socket.on('close', () => {
    for (const [roomId, member] of members) roomOf(roomId).leave(member);
  });
}
