// A bot that answers `!ask …` with the text of a language model, as the model writes it: node language-model.mjs 1 2 3
import { ChorusApi, ChorusClient, sendStream } from '@chorus/client';

const {
  CHORUS_URL: url = 'http://localhost:8080',
  CHORUS_KEY: key,
  // Any server with the API for chat completions of OpenAI; by default that of Ollama.
  MODEL_URL: modelUrl = 'http://localhost:11434/v1',
  MODEL_KEY: modelKey,
  MODEL_NAME: model = 'llama3.2',
} = process.env;

const api = new ChorusApi({ url, token: key });
const client = new ChorusClient({
  url,
  api,
  // HTTP takes the key of the bot. Sockets take a token, which is valid for an hour.
  token: async () => (await api.request('POST', '/api/keys/token')).token,
  webSocket: globalThis.WebSocket ? undefined : (await import('ws')).WebSocket,
});

for (const id of process.argv.slice(2).map(Number)) {
  const room = client.join(id);
  room.on('message', (message) => answer(room, message));
  room.on('status', (status) => console.log(`room ${id}: ${status}`, room.leftReason ?? ''));
}
client.on('error', (error) => console.error(`${error.code}: ${error.message}`));
client.connect();
process.once('SIGINT', () => client.close());

async function answer(room, message) {
  const [, question] = /^!ask\s+(.+)/s.exec(message.content) ?? [];
  if (!question || message.bot) return;
  try {
    // One message that grows: the first piece is sent as the message, later pieces are appended to it.
    await sendStream(room, pieces(question), { replyTo: message });
  } catch (error) {
    console.error(`no answer in room ${room.id}: ${error.message}`);
    await room.send('The language model does not answer.', { replyTo: message }).catch(() => {});
  }
}

/** Asks the model, and yields its answer piece by piece. */
async function* pieces(question) {
  const response = await fetch(`${modelUrl}/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(modelKey && { authorization: `Bearer ${modelKey}` }),
    },
    body: JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: question }] }),
  });
  if (!response.ok) throw new Error(`the model answers ${response.status}`);
  let rest = '';
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      const [, data] = /^data: ?(.*)/.exec(line) ?? [];
      if (!data) continue;
      if (data.trim() === '[DONE]') return;
      const piece = JSON.parse(data).choices[0]?.delta?.content;
      if (piece) yield piece;
    }
  }
}
