// A bot that answers `!ping` in the rooms that it is given: node bot.mjs 1 2 3
import { ChorusApi, ChorusClient } from '@chorus/client';

const { CHORUS_URL: url = 'http://localhost:8080', CHORUS_KEY: key } = process.env;

/** HTTP takes the key of the bot. Sockets take a token, which is valid for an hour. */
const api = new ChorusApi({ url, token: key });

const client = new ChorusClient({
  url,
  api,
  // Called before each connection, and before the token expires.
  token: async () => (await api.request('POST', '/api/keys/token')).token,
  // Node has one of its own from version 22 on.
  webSocket: globalThis.WebSocket ? undefined : (await import('ws')).WebSocket,
});

client.on('state', (state) => {
  console.log(state.status, state.reason ?? state.error?.message ?? '');
  if (state.status === 'closed' && state.error) process.exitCode = 1;
});
client.on('error', (error) => console.error(`${error.code}: ${error.message}`));

for (const id of process.argv.slice(2).map(Number)) {
  const room = client.join(id);
  room.on('message', (message) => answer(room, message));
  room.on('status', (status) => console.log(`room ${id}: ${status}`, room.leftReason ?? ''));
}

client.connect();
process.once('SIGINT', () => client.close());

async function answer(room, message) {
  // Bots that answer bots, or themselves, never stop.
  if (message.bot || message.content !== '!ping') return;
  try {
    await room.send(`pong, ${message.username}`, { replyTo: message });
  } catch (error) {
    // It was sent as often as that could help.
    console.error(`no answer in room ${room.id}: ${error.code}`);
  }
}
