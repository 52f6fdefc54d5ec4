import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ChorusApi, ChorusClient, findUsers, listMembers, type Message, putMember } from '@chorus/client';
import { connectPlain, eventually } from '@chorus/testing';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import { OPERATOR_SETTINGS } from '../support/clients/operator.js';
import { createPerson, createRoom, type Person } from '../support/clients/people.js';
import { root } from '../support/root.js';
import { startTestStandalone, type TestStandalone } from '../support/servers/standalone.js';

const exec = promisify(execFile);

describe('the bot of the how-to', function () {
  this.timeout(120_000);

  let standalone: TestStandalone;
  let folder: string;
  let ada: Person;
  let room: number;
  let api: ChorusApi;
  let client: ChorusClient;
  let bot: ChildProcess;
  let key: string;
  let botId: number;
  let output = '';
  const messages: Message[] = [];

  before(async () => {
    standalone = await startTestStandalone(OPERATOR_SETTINGS);
    const { url, operatorUrl = '' } = standalone;
    ada = await createPerson(url, 'ada');
    room = await createRoom(url, ada);
    api = new ChorusApi({ url, token: ada.token });
    client = new ChorusClient({ url, token: ada.token, webSocket: WebSocket });
    client.join(room).on('message', (message) => messages.push(message));
    client.connect();

    const page = await readFile(join(root, 'docs/how-to/write-a-bot.md'), 'utf8');
    const blocks = [...page.matchAll(/```(sh|js)\n(.*?)```/gs)].map(([, , code = '']) => code);
    const block = (start: string): string => blocks.find((code) => code.startsWith(start)) ?? '';
    const commands = block('export CHORUS_OPERATOR_URL')
      .replace('http://localhost:9000', operatorUrl)
      .replace('for-trying-out-only', OPERATOR_SETTINGS.OPERATOR_TOKEN)
      .replace('http://localhost:8080', url);
    const { stdout } = await exec('bash', ['-euc', `${commands}\necho $BOT $CHORUS_KEY`], { cwd: root });
    const [id, text = ''] = stdout.trim().split(' ');
    botId = Number(id);
    key = text;
    const program = block('// A bot');
    expect(program).to.equal(await readFile(join(root, 'packages/client/examples/bot.mjs'), 'utf8'));
    // Where a program finds the packages.
    folder = await mkdtemp(join(root, 'test/dist/bot-'));
    await writeFile(join(folder, 'bot.mjs'), program);
    bot = start();
    await eventually(() => expect(output).to.include(`room ${room}: joined`), 30_000);
  });
  after(async () => {
    bot?.kill('SIGKILL');
    await client?.close();
    await standalone?.close();
    if (folder !== undefined) await rm(folder, { recursive: true });
  });

  const start = (): ChildProcess => {
    output = '';
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, CHORUS_URL: standalone.url, CHORUS_KEY: key };
    const child = spawn(process.execPath, [join(folder, 'bot.mjs'), String(room)], { env });
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
    return child;
  };
  const arrived = (content: string): Promise<Message> =>
    eventually(() => {
      const message = messages.find((each) => each.content === content);
      if (message === undefined) throw new Error(`${content} did not arrive; the bot says: ${output}`);
      return message;
    }, 30_000);

  it('answers once, as a bot, and not itself or another bot', async () => {
    const { position } = await client.join(room).send('!ping');
    const answer = await arrived(`pong, ${ada.username}`);
    expect(answer).to.deep.include({ bot: true, userId: botId, username: 'pinger', replyTo: position });
    expect((await arrived('!ping')).bot).to.equal(undefined);
    const ofBot = new ChorusApi({ url: standalone.url, token: key });
    await ofBot.request('POST', `/api/rooms/${room}/messages`, { body: { content: '!ping' } });
    await client.join(room).send('last');
    await arrived('last');
    expect(messages.filter(({ content }) => content.startsWith('pong'))).to.have.length(1);
  });

  it('is shown as a bot in the history, in changes of members, in their list and in the search, also where it sends over HTTP', async () => {
    await putMember(api, room, botId);
    const change = await eventually(async () => {
      const page = await api.messages(room, { changes: true });
      const [added] = (page.changes ?? []).filter((each) => 'member' in each && each.member.id === botId);
      expect(added).to.have.nested.property('member.bot', true);
      return page;
    }, 30_000);
    const bots = change.messages.map(({ content, bot: isBot }) => [content, isBot]);
    expect(bots).to.deep.equal([
      ['!ping', undefined],
      [`pong, ${ada.username}`, true],
      ['!ping', true],
      ['last', undefined],
    ]);
    expect((await findUsers(api, 'pinger')).map(({ bot: isBot }) => isBot)).to.deep.equal([true]);
    const { members } = await listMembers(api, room);
    expect(members.filter(({ bot: isBot }) => isBot).map(({ id }) => id)).to.deep.equal([botId]);
  });

  it('knows by its own socket that it is one, and plain sockets receive the mark beside their three fields', async () => {
    const { url } = standalone;
    const source = new ChorusApi({ url, token: key });
    const token = async (): Promise<string> =>
      (await source.request<{ token: string }>('POST', '/api/keys/token')).token;
    const other = new ChorusClient({ url, token, webSocket: WebSocket });
    const plain = await connectPlain(url, room, ada.token);
    try {
      other.connect();
      await other.join(room).send('from the bot');
      expect(other.user).to.deep.equal({ id: botId, username: 'pinger', bot: true });
      const frame = await plain.message('from the bot');
      expect(frame).to.include({ content: 'from the bot', roomId: room, username: 'pinger', bot: true });
    } finally {
      await other.close();
      await plain.close();
    }
  });

  it('ends on Ctrl-C, and with an error when its key is revoked', async () => {
    bot.kill('SIGINT');
    expect((await once(bot, 'close'))[0]).to.equal(0);
    bot = start();
    await eventually(() => expect(output).to.include(`room ${room}: joined`), 30_000);
    const ended = once(bot, 'close');
    const { operatorUrl = '' } = standalone;
    const [, id = ''] = key.split('_');
    const headers = { authorization: `Bearer ${OPERATOR_SETTINGS.OPERATOR_TOKEN}` };
    expect((await fetch(`${operatorUrl}/keys/${id}`, { method: 'DELETE', headers })).status).to.equal(204);
    expect((await ended)[0]).to.equal(1);
  });
});
