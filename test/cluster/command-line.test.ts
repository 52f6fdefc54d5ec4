import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runCli } from '@chorus/cli';
import { expect } from 'chai';
import { OPERATOR_SETTINGS } from '../support/clients/operator.js';
import { root } from '../support/root.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';

const PROGRAM = join(root, 'apps/cli/dist/main.js');
const run = promisify(execFile);

describe('the command line, against an API', function () {
  this.timeout(120_000);
  let cluster: TestCluster;

  before(async () => {
    cluster = await startTestCluster({ apis: 1, gateways: 0, archivers: 0, env: OPERATOR_SETTINGS });
  });
  after(() => cluster?.close());

  const env = (): NodeJS.ProcessEnv => ({
    PATH: process.env.PATH,
    CHORUS_OPERATOR_URL: cluster.operatorUrl,
    CHORUS_OPERATOR_TOKEN: OPERATOR_SETTINGS.OPERATOR_TOKEN,
  });
  /** Runs a command in this process, which starts sooner. */
  const outcomeOf = async (args: readonly string[]) => {
    const printed = { stdout: '', stderr: '' };
    const into = (name: keyof typeof printed) => ({
      write: (text: string) => {
        printed[name] += text;
      },
    });
    const status = await runCli(args, { env: env(), stdout: into('stdout'), stderr: into('stderr') });
    return { ...printed, status };
  };
  /** Text that a command prints. */
  const chorus = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await outcomeOf(args);
    expect([status, stderr]).to.deep.equal([0, '']);
    return stdout.trimEnd();
  };
  const json = async (...args: string[]) => JSON.parse(await chorus(...args, '--json'));
  /** The line with which a command fails. */
  const failure = async (...args: string[]): Promise<string> => {
    const { status, stdout, stderr } = await outcomeOf(args);
    expect([status, stdout]).to.deep.equal([1, '']);
    return stderr.trimEnd();
  };

  it('manages users', async () => {
    const id = await chorus('users', 'create', '--name', 'helper', '--bot');
    expect(await json('users', 'show', id)).to.include({ username: 'helper', kind: 'bot' });
    expect(await failure('users', 'create', '--name', 'HELPER')).to.equal('username already exists');
    expect(await chorus('users', 'change', id, '--name', 'servant')).to.equal(`changed ${id}`);
    const [found] = await json('users', 'list', '--search', 'serv');
    expect(String(found.id)).to.equal(id);
    expect(await chorus('users', 'list')).to.include('servant');
    expect(await chorus('users', 'delete', id)).to.equal(`deleted ${id}`);
    expect(await failure('users', 'show', id)).to.equal('there is no such user');
  });

  it('manages rooms', async () => {
    const id = await chorus('rooms', 'create', '--name', 'club', '--private', '--topic', 'x', '--id', '77');
    expect(await json('rooms', 'show', id)).to.include({ id: 77, kind: 'private', topic: 'x' });
    const change = ['--slow-mode', '5', '--retention-days', '30', '--topic', ''];
    expect(await json('rooms', 'change', id, ...change)).to.include({
      slowModeSeconds: 5,
      retentionDays: 30,
      topic: '',
    });
    expect((await json('rooms', 'change', id, '--retention-days', 'none')).retentionDays).to.equal(null);
    expect(await chorus('rooms', 'list')).to.match(/^77 +club +private/m);
    expect(await chorus('rooms', 'show', id)).to.match(/^Slow mode +5 seconds$/m);
    expect(await chorus('rooms', 'delete', id)).to.equal('deleted 77');
    expect(await failure('rooms', 'delete', id)).to.equal('there is no such room');
  });

  it('manages webhooks', async () => {
    const fields = [
      '--url',
      'https://example.com/in',
      '--events',
      'room.created, room.deleted',
      '--rooms',
      '1',
    ];
    const made = await json('webhooks', 'create', ...fields);
    expect(made).to.deep.include({ events: ['room.created', 'room.deleted'], rooms: [1] });
    const id = String(made.id);
    expect(await json('webhooks', 'change', id, '--rooms', '', '--disable')).to.deep.include({
      ...{ rooms: [], enabled: false },
    });
    expect(await chorus('webhooks', 'list')).to.match(/ all +disabled$/m);
    expect(await chorus('webhooks', 'show', id)).to.match(/^State +disabled$/m);
    expect(await chorus('webhooks', 'rotate-secret', id, '--overlap', '0')).to.match(/^whsec_/);
    expect(await json('webhooks', 'deliveries', id, '--state', 'dead')).to.deep.equal([]);
    expect(await failure('webhooks', 'deliveries', id, '--state', 'x')).to.match(/^state must be/);
    expect(await chorus('webhooks', 'resume', id, '--after', 'evt_0')).to.equal(`resumed ${id} after evt_0`);
    expect(await failure('webhooks', 'redeliver', id, '--event', 'evt_9')).to.match(
      /^there are no such events/,
    );
    expect(await failure('webhooks', 'create', '--url', 'http://localhost')).to.match(/^url is refused/);
    expect(await json('webhooks', 'delete', id)).to.deep.equal({ id, deleted: true });
    expect(await failure('webhooks', 'show', id)).to.equal('there is no such webhook');
  });

  it('manages bans', async () => {
    const room = await chorus('rooms', 'create', '--name', 'lobby');
    const user = await chorus('users', 'create', '--name', 'eve');
    const placed = `banned user ${user} from room ${room}`;
    expect(await chorus('bans', 'create', user, '--room', room, '--reason', 'spam')).to.equal(placed);
    const until = '2030-01-31T12:00:00.000Z';
    expect(await json('bans', 'create', user, '--until', until)).to.include({ roomId: null, until });
    expect(await json('bans', 'list', '--user', user)).to.have.length(2);
    expect(await json('bans', 'list', '--room', room)).to.have.length(1);
    expect(await chorus('users', 'show', user))
      .to.include('everything')
      .and.to.include(`room ${room}`);
    expect(await chorus('bans', 'delete', user)).to.equal(`lifted the ban of user ${user} from everything`);
    expect(await failure('bans', 'delete', user)).to.equal('there is no such ban');
    await chorus('bans', 'delete', user, '--room', room);
    expect(await json('bans', 'list')).to.deep.equal([]);
  });

  it('prints what it is asked for, and fails with one line with a wrong operator token', async () => {
    const args = [PROGRAM, 'users', 'list'];
    expect((await run(process.execPath, args, { env: env() })).stdout).to.match(/\beve\b/);
    const wrong = { ...env(), CHORUS_OPERATOR_TOKEN: 'wrong' };
    const outcome: unknown = await run(process.execPath, args, { env: wrong }).catch(
      (error: unknown) => error,
    );
    expect(outcome).to.include({ code: 1, stderr: 'the operator token is not valid\n' });
  });
});
