// Chats in one room from a terminal: node chat.mjs 1
import { createInterface } from 'node:readline/promises';
import { ChorusApi, ChorusClient } from '@chorus/client';

const {
  CHORUS_URL: url = 'http://localhost:8080',
  CHORUS_EMAIL: email,
  CHORUS_PASSWORD: password,
} = process.env;
const signIn = async () => (await new ChorusApi({ url }).signIn({ email, password })).token;
const client = new ChorusClient({
  url,
  token: await signIn(),
  refresh: signIn,
  webSocket: globalThis.WebSocket ? undefined : (await import('ws')).WebSocket,
});
const room = client.join(Number(process.argv[2]));
const lines = createInterface({ input: process.stdin, output: process.stdout });

/** Above what is being typed. */
function print(text) {
  process.stdout.write(`\r\x1b[K${text}\n`);
  lines.prompt(true);
}

/** One line that says how things are: the connection, and what waits to be sent. */
function showState() {
  const { state } = client;
  const waiting = room.deliveries.filter((delivery) => ['queued', 'sending'].includes(delivery.state)).length;
  lines.setPrompt(`${state.status}${waiting > 0 ? `, ${waiting} to send` : ''} > `);
  lines.prompt(true);
}

client.on('state', (state) => {
  if (state.status === 'waiting')
    print(`* ${state.reason}; again at ${new Date(state.retryAt).toISOString()}`);
  if (state.status === 'closed') end(state.error);
  else showState();
});
client.on('broadcast', (content) => print(`* ${content}`));
room.on('status', (status) => print(`* ${status}${room.leftReason ? `: ${room.leftReason}` : ''}`));
room.on('message', show);
room.on('gap', ({ from, to }) => print(`* missed what was said between ${from.seq} and ${to.seq}`));
room.on('typing', (typists) => typists.length > 0 && print(`* typing: ${names(typists)}`));
let here = room.members;
room.on('members', (members) => (here = members));
room.on('delivery', ({ state, content, error }) => {
  if (state === 'failed') print(`* not sent: ${content} (${error.message}${error.retry ? ', /retry' : ''})`);
  showState();
});

const commands = {
  '/who': () => print(`* here: ${names(here)}`),
  '/older': async () => (await room.older(10)).forEach(show),
  '/retry': () => room.deliveries.forEach(({ clientMsgId }) => void room.retry(clientMsgId)),
  '/quit': () => client.close(),
};

lines.on('line', (line) => {
  // What fails is among the deliveries.
  if (commands[line] === undefined) room.send(line).catch(() => {});
  else Promise.resolve(commands[line]()).catch((error) => print(`* ${error.message}`));
});
lines.on('close', () => client.close());
client.connect();

function show({ username, content }) {
  print(`${username}: ${content}`);
}

function names(members) {
  return members.map(({ username }) => username).join(', ');
}

function end(error) {
  if (error !== undefined) process.exitCode = 1;
  print(error === undefined ? '* bye' : `* ${error.message}`);
  lines.close();
  process.stdin.destroy();
}
