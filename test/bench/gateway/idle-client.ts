import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Tokens } from '@chorus/auth';
import { SUBPROTOCOL } from '@chorus/protocol';
import type { IdleOrder, IdleUser } from './idle-sockets.js';

/*
 * A process that holds open sockets without using them: one process may have at most 20,000 descriptors, and a full
 * WebSocket client per socket would cost ten times as much as the gateway's side. Received data is discarded, pings
 * included, so the gateways need a long idle timeout.
 */

/** Sockets opened concurrently. */
const OPENING = 50;

function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  // Masked with zeros, which is allowed where no proxy can be harmed.
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}

/** Resolves when the user is in the room. */
function join({ kind, port }: IdleOrder, user: IdleUser, token: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const path = kind === 'plain' ? `/ws/join-room/${user.roomId}` : '/ws/connect';
    const answered = kind === 'plain' ? 'HTTP/1.1 101' : '"room-joined"';
    let seen = '';
    const listen = (data: Buffer): void => {
      seen += data.toString('latin1');
      if (kind === 'chorus.v1' && !asked && seen.includes('"welcome"')) {
        asked = true;
        socket.write(frame(JSON.stringify({ type: 'join', roomId: user.roomId })));
      }
      if (!seen.includes(answered)) return;
      socket.off('data', listen).resume();
      resolve(socket);
    };
    let asked = false;
    socket.on('data', listen);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`the gateway closed a socket: ${seen.slice(0, 200)}`)));
    const headers = [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
      'Sec-WebSocket-Version: 13',
      ...(kind === 'plain' ? [] : [`Sec-WebSocket-Protocol: ${SUBPROTOCOL}`]),
      `Authorization: Bearer ${token}`,
    ];
    socket.write(`${headers.join('\r\n')}\r\n\r\n`);
  });
}

const sockets: Socket[] = [];

process.on('message', async (order: IdleOrder) => {
  const tokens = new Tokens(order.secret);
  const waiting = [...order.users].reverse();
  const open = async (): Promise<void> => {
    for (let user = waiting.pop(); user !== undefined; user = waiting.pop()) {
      sockets.push(await join(order, user, tokens.sign(user)));
    }
  };
  await Promise.all(Array.from({ length: OPENING }, open));
  process.send?.({ open: sockets.length });
});
process.on('disconnect', () => {
  for (const socket of sockets) socket.destroy();
});
