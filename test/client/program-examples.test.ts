import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Change, ChorusClient, type Message, MessageList } from '@chorus/client';
import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { Webhook } from 'standardwebhooks';
import { WebSocket } from 'ws';
import { OPERATOR_SETTINGS, operate } from '../support/clients/operator.js';
import { createPerson, createRoom, type Person } from '../support/clients/people.js';
import { root } from '../support/root.js';
import { type Program, startCommand } from '../support/servers/program.js';
import { startTestStandalone, type TestStandalone } from '../support/servers/standalone.js';

const EXAMPLES = `${root}/packages/client/examples/`;
const TEXT = 'A gateway holds the sockets of its clients, and relays what Redis has ordered. '.repeat(3);

describe('the examples of programs', function () {
  this.timeout(120_000);

  let standalone: TestStandalone;
  let ada: Person;
  let room: number;
  let client: ChorusClient;
  const running = new Set<Program>();
  before(async () => {
    standalone = await startTestStandalone({
      ...OPERATOR_SETTINGS,
      ...{ WEBHOOK_ALLOW_ADDRESSES: '127.0.0.0/8', WEBHOOK_RETRY_MS: '100' },
    });
    ada = await createPerson(standalone.url, 'ada');
    room = await createRoom(standalone.url, ada);
    client = new ChorusClient({ url: standalone.url, token: ada.token, webSocket: WebSocket });
    client.connect();
    await client.join(room).joined();
  });
  after(async () => {
    await client?.close();
    for (const program of running) {
      program.kill('SIGTERM');
      await program.ended;
    }
    await standalone?.close();
  });

  const start = (command: string, args: string[], env: Record<string, string>): Program => {
    const program = startCommand(command, args, { cwd: root, env });
    running.add(program);
    void program.ended.then(() => running.delete(program));
    return program;
  };

  describe('a bot with a language model', () => {
    let model: Server;
    const questions: unknown[] = [];
    before(async () => {
      model = createServer(async (request, response) => {
        let body = '';
        for await (const part of request) body += part;
        questions.push(JSON.parse(body));
        response.setHeader('content-type', 'text/event-stream');
        for (const word of TEXT.split(/(?<= )/)) {
          const event = JSON.stringify({ choices: [{ delta: { content: word } }] });
          // Events arrive in pieces, too.
          response.write(`data: ${event.slice(0, 12)}`);
          await sleep(20);
          response.write(`${event.slice(12)}\n\n`);
        }
        response.end('data: [DONE]\n\n');
      });
      await new Promise<void>((resolve) => model.listen(0, '127.0.0.1', resolve));
    });
    after(() => model?.close());

    it('answers with one message that grows', async () => {
      const { body: bot } = await operate(standalone, 'POST /users', { username: 'oracle', kind: 'bot' });
      const scopes = ['messages:write', 'history:read'];
      const { body } = await operate(standalone, 'POST /keys', { name: 'oracle', scopes, botId: bot.id });
      const { port } = model.address() as AddressInfo;
      const program = start(process.execPath, [`${EXAMPLES}language-model.mjs`, String(room)], {
        ...{ CHORUS_URL: standalone.url, CHORUS_KEY: body.key },
        MODEL_URL: `http://127.0.0.1:${port}/v1`,
      });
      await program.printed(/: joined/);

      const live = client.join(room);
      const list = new MessageList(live);
      const answers: Message[] = [];
      const changes: Change[] = [];
      live.on('message', (message) => message.bot && answers.push(message));
      live.on('change', (change) => changes.push(change));
      const { position } = await live.send('!ask what is a gateway?');
      await eventually(() => expect(list.messages.at(-1)?.content).to.equal(TEXT), 30_000);
      expect(answers).to.have.length(1);
      expect(answers[0]).to.deep.include({ username: 'oracle', replyTo: position });
      expect(changes.length).to.be.above(2);
      expect(changes.every(({ change }) => change === 'appended')).to.equal(true);
      expect(questions).to.deep.equal([
        { model: 'llama3.2', stream: true, messages: [{ role: 'user', content: 'what is a gateway?' }] },
      ]);

      model.close();
      model.closeAllConnections();
      await live.send('!ask and now?');
      await eventually(() => expect(answers.at(-1)?.content).to.equal('The language model does not answer.'));
    });
  });

  for (const [language, command, file] of [
    ['Node', process.execPath, 'receiver.mjs'],
    ['Python', 'python3', 'receiver.py'],
  ] as const) {
    it(`receives webhooks in ${language}: each event once, and no forged, old or foreign one`, async () => {
      const webhook = { url: 'http://127.0.0.1:1/', events: ['message.created'], rooms: [room] };
      const { body } = await operate(standalone, 'POST /webhooks', webhook);
      const args = [`${EXAMPLES}webhooks/${file}`];
      const receiver = start(command, args, { WEBHOOK_SECRET: body.secret, PORT: '0' });
      const [, port] = await receiver.printed(/listening on port (\d+)/);
      const url = `http://127.0.0.1:${port}/`;
      await operate(standalone, `PATCH /webhooks/${body.id}`, { url });
      const text = `seen by ${language}, naïvely 🙂`;
      await client.join(room).send(text);
      await eventually(() => expect(receiver.stdout).to.include(`"content":"${text}"`), 30_000);

      const deliver = async (id: string, at: Date, by = body.secret, signed = id): Promise<number> => {
        const payload = JSON.stringify({ type: 'test', data: { id } });
        const { status } = await fetch(url, {
          method: 'POST',
          headers: {
            'webhook-id': id,
            'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
            'webhook-signature': `v1,AAAA ${new Webhook(by).sign(signed, at, payload)}`,
          },
          body: payload,
        });
        return status;
      };
      const now = new Date();
      expect(await deliver('evt_a', now)).to.equal(204);
      expect(await deliver('evt_a', now)).to.equal(204);
      expect(await deliver('evt_b', new Date(now.getTime() - 400_000))).to.equal(401);
      expect(await deliver('evt_c', now, `whsec_${Buffer.alloc(24, 'x').toString('base64')}`)).to.equal(401);
      expect(await deliver('evt_d', now, body.secret, 'evt_e')).to.equal(401);
      const unsigned = await fetch(url, { method: 'POST', body: '{}' });
      expect(unsigned.status).to.equal(401);
      const large = await fetch(url, { method: 'POST', body: 'x'.repeat(1_000_001) }).catch(() => undefined);
      // Undefined if the receiver has ended the connection before all was sent.
      expect(large?.status ?? 413).to.equal(413);
      const ids = [...receiver.stdout.matchAll(/^test .*"id":"(\w+)"/gm)].map(([, id]) => id);
      expect(ids).to.deep.equal(['evt_a']);
      await operate(standalone, `DELETE /webhooks/${body.id}`);
    });
  }
});
