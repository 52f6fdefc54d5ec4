import uWS from 'uWebSockets.js';
import { once } from 'node:events';
import { Redis } from 'ioredis';

/*
 * The plain relay that a gateway is compared with: the gateway's WebSocket library and Redis client, one PUBLISH per
 * message, one subscription per room. No numbers, history, presence, limits or tokens, and no detection or repair of
 * losses.
 */

const [redisUrl = ''] = process.argv.slice(2);
const commands = new Redis(redisUrl, { enableAutoPipelining: true });
const subscriber = new Redis(redisUrl);
const app = uWS.App();
const members = new Map<string, number>();

subscriber.on('messageBuffer', (channel: Buffer, frame: Buffer) => {
  app.publish(channel.toString(), frame, false);
});

app.ws<{ room: string }>('/*', {
  idleTimeout: 60,
  upgrade: (response, request, context) => {
    response.upgrade(
      { room: request.getUrl() },
      request.getHeader('sec-websocket-key'),
      request.getHeader('sec-websocket-protocol'),
      request.getHeader('sec-websocket-extensions'),
      context,
    );
  },
  open: (socket) => {
    const { room } = socket.getUserData();
    socket.subscribe(room);
    const count = (members.get(room) ?? 0) + 1;
    members.set(room, count);
    if (count === 1) void subscriber.subscribe(room);
  },
  message: (socket, message) => {
    const content = JSON.stringify(Buffer.from(message).toString());
    // A frame of the size of a gateway's.
    const frame = `{"seq":1,"epoch":1767225600000,"type":"message","content":${content},"roomId":1,"username":"user1","userId":1,"id":"gateway-1-mws3pfhy-0","sentAt":1767225600000}`;
    void commands.publish(socket.getUserData().room, frame);
  },
  close: (socket) => {
    const { room } = socket.getUserData();
    const count = (members.get(room) ?? 1) - 1;
    members.set(room, count);
    if (count === 0) void subscriber.unsubscribe(room);
  },
});

// Subscribing before the connection is ready occasionally fails.
await Promise.all([commands, subscriber].map((redis) => once(redis, 'ready')));

app.listen('127.0.0.1', 0, (listening) => {
  if (listening)
    console.log(JSON.stringify({ msg: 'relay is listening', port: uWS.us_socket_local_port(listening) }));
});

process.on('SIGTERM', () => {
  app.close();
  commands.disconnect();
  subscriber.disconnect();
});
