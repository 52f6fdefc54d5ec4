import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * Joins a room and discards what arrives, at the cost of reading it: a thousand clients that parse every frame would
 * measure themselves. It answers no pings.
 */
export async function openRawReader(url: string, token: string, roomId: number): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  // 'close' follows.
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    [
      'GET /ws/connect HTTP/1.1',
      `Host: ${hostname}:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Protocol: chorus.v1',
      `Authorization: Bearer ${token}`,
      '\r\n',
    ].join('\r\n'),
  );
  const head = await received(socket, '\r\n\r\n');
  if (!head.startsWith('HTTP/1.1 101')) throw new Error(`refused: ${head}`);
  socket.write(textFrame(JSON.stringify({ type: 'join', roomId })));
  await received(socket, 'room-joined');
  socket.on('data', () => {});
  return socket;
}

/** Everything received up to a text. */
async function received(socket: Socket, text: string): Promise<string> {
  let seen = '';
  while (!seen.includes(text)) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    seen += chunk.toString('latin1');
  }
  return seen;
}

/** A masked frame, as required of clients; a mask of zeros leaves the text unchanged. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  if (payload.length > 125) throw new RangeError('it is for short frames');
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
