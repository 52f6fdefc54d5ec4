// A bot that answers `!ping` in the rooms that it is given: node bot.mjs 1 2 3
import { ChorusApi, ChorusClient } from '@chorus/client';

const {
  CHORUS_URL: url = 'http://localhost:8080',
  CHORUS_EMAIL: email,
  CHORUS_PASSWORD: password,
} = process.env;

/** Also used when the token is about to expire, or expired while the bot was offline. */
const signIn = async () => (await new ChorusApi({ url }).signIn({ email, password })).token;

const client = new ChorusClient({
  url,
  token: await signIn(),
  refresh: signIn,
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

async function answer(room, { userId, username, content }) {
  if (content !== '!ping' || userId === client.user?.id) return;
  try {
    await room.send(`pong, ${username}`);
  } catch (error) {
    // It was sent as often as that could help.
    console.error(`no answer in room ${room.id}: ${error.code}`);
  }
}
