import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectPlain, connectV1, until } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, request } from './support/clients/people.js';
import { root } from './support/root.js';
import { startTestStandalone, type TestStandalone } from './support/servers/standalone.js';

describe('the endpoint of the guide to the before-publish hook', function () {
  this.timeout(120_000);
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  let folder: string;
  let endpoint: ChildProcess;
  let port = 0;
  let standalone: TestStandalone;

  before(async () => {
    // Where a program finds the packages.
    folder = await mkdtemp(join(root, 'test', 'dist', 'before-publish-'));
    await run();
    standalone = await startTestStandalone({
      ...{ BEFORE_PUBLISH_URL: `http://127.0.0.1:${port}/`, BEFORE_PUBLISH_SECRET: secret },
      BEFORE_PUBLISH_TIMEOUT_MS: '5000',
    });
  });
  after(async () => {
    await standalone?.close();
    await kill();
    await rm(folder, { recursive: true, force: true });
  });

  /** Runs the program of the guide, at the port that it had before. */
  async function run(): Promise<void> {
    const guide = await readFile(join(root, 'docs/how-to/before-publish.md'), 'utf8');
    const [, code] = /```js\n(.*?)```/s.exec(guide) ?? [];
    if (code === undefined) throw new Error('there is no example');
    expect(code).to.include('listen(4300,');
    const file = join(folder, 'endpoint.mjs');
    await writeFile(file, code.replace('listen(4300,', `listen(${port},`));
    const env = { PATH: process.env.PATH, BEFORE_PUBLISH_SECRET: secret };
    const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    endpoint = child;
    const [line] = await once(child.stdout, 'data');
    port = Number(/port (\d+)/.exec(String(line))?.[1]);
  }
  async function kill(): Promise<void> {
    if (endpoint.exitCode !== null || endpoint.signalCode !== null) return;
    const ended = once(endpoint, 'exit');
    endpoint.kill('SIGKILL');
    await ended;
  }

  it('decides about what is sent over sockets and HTTP', async () => {
    const { url } = standalone;
    const ann = await createPerson(url);
    const room = await createRoom(url, ann);
    const plain = await connectPlain(url, room, ann.token);
    const v1 = await connectV1(url, ann.token);
    await v1.join(room);
    plain.send('darn it');
    expect(await plain.messages(1)).to.deep.equal(['**** it']);
    plain.send('see spam.example');
    const refused = await plain.next(({ type }) => type === 'error');
    expect(refused.content).to.equal('not sent: the application refused the text: no links to spam.example');
    await v1.publish(room, 'all fine', 'v1');
    v1.send({ type: 'publish', roomId: room, clientMsgId: 'v2', content: 'spam.example' });
    expect((await v1.of('error')).code).to.equal('message_refused');
    const send = (content: string) =>
      request(`${url}/api/rooms/${room}/messages`, { body: { content }, token: ann.token });
    expect((await send('darn')).status).to.equal(201);
    expect((await send('spam.example')).status).to.equal(403);
    expect(await plain.messages(3)).to.deep.equal(['**** it', 'all fine', '****']);

    await kill();
    const answer = await send('hi');
    expect([answer.status, answer.body.code]).to.deep.equal([503, 'hook_unavailable']);
    await run();
    await until('it decides again', async () => (await send('back')).status === 201);
    await Promise.all([plain.close(), v1.close()]);
  });
});
