// A page that chats in one room. The session is a cookie, which no script sees and the browser sends by itself.
import { ChorusApi, ChorusClient } from '@chorus/client';

const url = new URL(location.href).searchParams.get('url') ?? 'http://localhost:8080';
const api = new ChorusApi({ url });
const element = (id) => document.getElementById(id);

element('sign-in').addEventListener('submit', async (event) => {
  event.preventDefault();
  const { email, password, room } = event.target.elements;
  try {
    await api.signIn({ email: email.value, password: password.value });
    element('sign-in').hidden = true;
    enter(Number(room.value));
  } catch (error) {
    element('state').textContent = error.message;
  }
});

async function enter(roomId) {
  // A new cookie before the old one ends; the client then connects with it, and misses nothing.
  const client = new ChorusClient({ url, api, refresh: async () => void (await api.refresh()) });
  const room = client.join(roomId);
  client.on('state', showState);
  room.on('message', (message) => element('messages').append(item(message)));
  room.on('delivery', () => showDeliveries(room));
  room.on('status', (status) => status === 'left' && showState({ status: `left: ${room.leftReason}` }));
  client.connect();

  const say = element('say');
  say.hidden = false;
  say.addEventListener('input', () => room.typing());
  say.addEventListener('submit', (event) => {
    event.preventDefault();
    room.send(say.elements.content.value).catch(() => {}); // showDeliveries tells
    say.reset();
  });
  element('messages').prepend(...(await room.older()).map(item));
}

function showState({ status, retryAt, reason, error }) {
  const wait = retryAt === undefined ? '' : ` for ${Math.ceil((retryAt - Date.now()) / 1_000)} s`;
  element('state').textContent = [status + wait, reason ?? error?.message].filter(Boolean).join(': ');
}

/** What is on its way, and what did not get through. */
function showDeliveries(room) {
  const open = room.deliveries.filter(({ state }) => state !== 'sent');
  element('deliveries').replaceChildren(
    ...open.map(({ clientMsgId, content, state, error }) => {
      const line = item({ username: error === undefined ? state : `failed, ${error.message}`, content });
      if (error?.retry) line.append(button('again', () => room.retry(clientMsgId)));
      return line;
    }),
  );
}

/** As text: nothing that people write becomes markup. */
function item({ username, content }) {
  const line = document.createElement('li');
  line.textContent = `${username}: ${content}`;
  return line;
}

function button(text, action) {
  const made = document.createElement('button');
  made.textContent = text;
  made.addEventListener('click', action);
  return made;
}
