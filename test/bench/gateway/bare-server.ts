import uWS from 'uWebSockets.js';

/*
 * The floor that a gateway is compared with: one process with the gateway's WebSocket library and one room, without
 * Redis, numbers, history and checks. Every client is in the room, and every message is sent to all clients.
 */

const app = uWS.App();
app.ws('/*', {
  idleTimeout: 60,
  open: (socket) => {
    socket.subscribe('room');
  },
  message: (_socket, message) => {
    // A frame of the size of a gateway's.
    const content = Buffer.from(message).toString();
    const frame = `{"seq":1,"type":"message","content":"${content}","roomId":1,"username":"user1","userId":1,"id":"gateway-1-mws3pfhy-0","sentAt":1767225600000}`;
    app.publish('room', frame);
  },
});
app.listen('127.0.0.1', 0, (listening) => {
  if (listening)
    console.log(JSON.stringify({ msg: 'floor is listening', port: uWS.us_socket_local_port(listening) }));
});
process.on('SIGTERM', () => app.close());
