import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageFrame } from '@chorus/protocol';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request, signIn } from './support/clients/people.js';
import { connectPlain } from './support/clients/plain-socket.js';
import { loopbackHosts, throughLoopback } from './support/servers/loopback.js';
import { type Program, startProgram } from './support/servers/program.js';

describe('standalone', function () {
  this.timeout(60_000);

  let dataDir: string;
  const programs: Program[] = [];

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'chorus-standalone-'));
  });

  afterEach(async () => {
    for (const program of programs.splice(0)) {
      program.kill('SIGKILL');
      await program.ended;
    }
    await untilDatabaseIsFree(dataDir);
    await rm(dataDir, { recursive: true });
  });

  /** As in the shell of a developer who works with another PostgreSQL. */
  const foreign = {
    PGSSLMODE: 'verify-full',
    PGOPTIONS: '-c search_path=other',
    PGHOST: 'elsewhere.invalid',
    PGUSER: 'nobody',
    PGPASSWORD: 'wrong',
    DATABASE_CA_FILE: '/nowhere/ca.pem',
    REDIS_CA_FILE: '/nowhere/ca.pem',
  };

  const launch = (env: Record<string, string> = {}): Program => {
    const program = startProgram('apps/standalone/dist/main.js', [], {
      ...foreign,
      PORT: '0',
      DATA_DIR: dataDir,
      BCRYPT_COST: '4',
      ...env,
    });
    programs.push(program);
    return program;
  };

  const start = async (env?: Record<string, string>): Promise<{ program: Program; url: string }> => {
    const program = launch(env);
    const [, url = ''] = await program.printed(/(http:\/\/\S+)/);
    return { program, url };
  };

  it('serves operators when it is told a port and a token', async () => {
    const token = 'for-tests-only';
    const { program, url } = await start({ OPERATOR_PORT: '0', OPERATOR_TOKEN: token });
    const [, operator = ''] = await program.printed(/operator API is at (http:\/\/localhost:\d+)/);
    const eve = await createPerson(url, 'eve');
    expect((await request(`${operator}/users/${eve.id}/ban`, { body: {} })).status).to.equal(401);
    expect((await request(`${operator}/users/${eve.id}/ban`, { body: {}, token })).status).to.equal(200);
    expect((await request(`${url}/ws/get-rooms`, { token: eve.token })).status).to.equal(403);
  });

  it('lets two people chat with each other through different gateways behind one port', async () => {
    const { url } = await start();
    const [ada, ben] = [await createPerson(url, 'ada'), await createPerson(url, 'ben')];
    const room = await createRoom(url, ada);
    const adas = await connectPlain(url, room, ada.token);
    const bens = await connectPlain(url, room, ben.token);
    await adas.next((frame) => frame.type === 'joined' && frame.username === ben.username);

    adas.send('hello');
    const hello = await bens.message('hello');
    bens.send('hi');
    const hi = await adas.message('hi');

    expect(hello).to.include({ roomId: room, username: ada.username, userId: ada.id });
    expect(hi).to.include({ roomId: room, username: ben.username, userId: ben.id });
    // A message's id begins with the name of the sender's gateway.
    const gateways = [hello, hi].map((frame) => 'id' in frame && /^gateway-\d/.exec(frame.id)?.[0]);
    expect(gateways.sort()).to.deep.equal(['gateway-1', 'gateway-2']);

    const clients = await request(`${url}/ws/get-clients/${room}`, { token: ada.token });
    expect(clients.body).to.deep.equal([
      { id: ada.id, username: ada.username },
      { id: ben.id, username: ben.username },
    ]);
    await Promise.all([adas.close(), bens.close()]);
  });

  it('ends with status 0 and no complaint on Ctrl-C, sockets and all', async () => {
    const { program, url } = await start();
    const ada = await createPerson(url);
    const socket = await connectPlain(url, await createRoom(url, ada), ada.token);
    program.interrupt();
    expect(await program.ended).to.equal(0);
    expect(program.stderr).to.equal('');
    expect((await socket.ended).code).to.equal(1012);
    expect(existsSync(join(dataDir, 'postgres/cluster/postmaster.pid')), 'PostgreSQL has stopped').to.equal(
      false,
    );
  });

  const expectEverythingFound = async (url: string, ada: Person, room: number): Promise<void> => {
    const rooms = await request(`${url}/ws/get-rooms`, { token: ada.token });
    expect(rooms.body).to.deep.equal([{ id: room, name: 'kept' }]);
    expect(await signIn(url, ada)).to.include({ id: ada.id });
    const socket = await connectPlain(url, room, ada.token);
    socket.send('still here');
    await socket.message('still here');
    await socket.close();
  };

  it('finds people, their sessions and rooms again at the next start', async () => {
    const first = await start();
    const ada = await createPerson(first.url);
    const room = await createRoom(first.url, ada, 'kept');
    first.program.interrupt();
    await first.program.ended;
    const second = await start();
    await expectEverythingFound(second.url, ada, room);
    expect((await stat(join(dataDir, 'jwt-secret'))).mode & 0o777).to.equal(0o600);
  });

  it('finds them again after it was killed, PostgreSQL having ended with it', async () => {
    const first = await start();
    const ada = await createPerson(first.url);
    const room = await createRoom(first.url, ada, 'kept');
    first.program.kill('SIGKILL');
    await untilDatabaseIsFree(dataDir);
    const second = await start();
    await expectEverythingFound(second.url, ada, room);
  });

  it('remembers who signed out, over a restart and over kill -9', async () => {
    const first = await start();
    const [ada, ben] = [await createPerson(first.url), await createPerson(first.url)];
    const me = async (url: string, { token }: Person): Promise<number> =>
      (await request(`${url}/api/users/me`, { token })).status;
    expect((await request(`${first.url}/api/users/logout`, { token: ada.token })).status).to.equal(200);
    first.program.interrupt();
    await first.program.ended;
    const second = await start();
    expect([await me(second.url, ada), await me(second.url, ben)]).to.deep.equal([401, 200]);
    const refresh = { method: 'POST', token: ada.token };
    expect((await request(`${second.url}/api/users/refresh`, refresh)).status).to.equal(401);
    expect((await request(`${second.url}/api/users/logout`, { token: ben.token })).status).to.equal(200);
    second.program.kill('SIGKILL');
    await untilDatabaseIsFree(dataDir);
    const third = await start();
    expect([await me(third.url, ada), await me(third.url, ben)]).to.deep.equal([401, 401]);
  });

  const said = async (url: string, { token }: Person, room: number): Promise<Array<[number, string]>> => {
    const { body } = await request(`${url}/api/rooms/${room}/messages`, { token });
    return (body as { messages: MessageFrame[] }).messages.map(({ seq, content }) => [seq, content]);
  };

  it('goes on numbering after its messages at the next start', async () => {
    const first = await start();
    const ada = await createPerson(first.url);
    const room = await createRoom(first.url, ada);
    const socket = await connectPlain(first.url, room, ada.token);
    for (const content of ['one', 'two', 'three']) socket.send(content);
    await socket.messages(3);
    expect(await said(first.url, ada, room)).to.have.length(3);
    first.program.interrupt();
    expect(await first.program.ended).to.equal(0);
    expect(first.program.stderr).to.equal('');

    const second = await start();
    const again = await connectPlain(second.url, room, ada.token);
    again.send('four');
    expect(await again.message('four')).to.include({ seq: 4 });
    expect(await said(second.url, ada, room)).to.deep.equal([
      [1, 'one'],
      [2, 'two'],
      [3, 'three'],
      [4, 'four'],
    ]);
  });

  it('prints addresses with the name localhost, which work whichever loopback address is tried first', async () => {
    const { program, url } = await start({ OPERATOR_PORT: '0', OPERATOR_TOKEN: 'for-tests-only' });
    expect(url).to.match(/^http:\/\/localhost:\d+$/);
    const [, operatorUrl = ''] = await program.printed(/operator API is at (http:\/\/localhost:\d+)\./);
    expect(program.stdout)
      .to.include(`-c ${url.replace('http', 'ws')}/ws/join-room/1`)
      .and.not.include('127.0.0.1');
    const ada = await createPerson(url, 'ada');
    const room = await createRoom(url, ada);
    for (const each of [url, ...throughLoopback(url)]) {
      const socket = await connectPlain(each, room, ada.token);
      socket.send(each);
      await socket.message(each);
    }
    for (const each of [operatorUrl, ...throughLoopback(operatorUrl)]) {
      expect((await request(`${each}/livez`)).status, each).to.equal(200);
    }
  });

  it('says in one line that its port is taken, before it touches anything', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const program = launch({ PORT: String(port) });
    expect(await program.ended).to.equal(1);
    blocker.close();
    expect(program.stderr).to.equal(`port ${port} is already in use\n`);
    expect(program.stdout).to.equal('');
    expect(await readdir(dataDir)).to.deep.equal([]);
  });

  it('says in one line that its data is in use', async () => {
    const first = await start();
    const second = launch();
    expect(await second.ended).to.equal(1);
    expect(second.stderr).to.equal(
      `${dataDir} is in use by another Chorus (pid ${first.program.pid}); choose a folder with DATA_DIR\n`,
    );
    const health = await request(`${first.url}/readyz`);
    expect(health.status).to.equal(200);
  });

  it('names a setting that is wrong', async () => {
    const program = launch({ MAX_FRAME_BYTES: 'many' });
    expect(await program.ended).to.equal(1);
    expect(program.stderr).to.match(/^MAX_FRAME_BYTES="many" is not valid: .*\n$/);
  });

  if (process.platform === 'linux') {
    it('can be reached from outside on its one port only', async () => {
      const { program, url } = await start({ HOST: '0.0.0.0' });
      const database = Number.parseInt(
        await readFile(join(dataDir, 'postgres/cluster/postmaster.pid'), 'utf8'),
        10,
      );
      const open = [...(await listeners(program.pid)), ...(await listeners(database))];
      const outside = open.filter(({ loopback }) => !loopback).map(({ port }) => port);
      // Balancer, gateways, database, and the API once for each loopback address.
      expect(open).to.have.length(4 + loopbackHosts.length);
      expect(outside).to.deep.equal([Number(new URL(url).port)]);
    });
  }
});

/** A killed standalone takes its PostgreSQL along; that takes a moment. */
async function untilDatabaseIsFree(dataDir: string): Promise<void> {
  while (existsSync(join(dataDir, 'postgres/cluster/postmaster.pid'))) await sleep(20);
}

/** 127.0.0.1 and ::1, as /proc writes them. */
const LOOPBACK = new Set<string | undefined>(['0100007F', '00000000000000000000000001000000']);

/** The TCP ports on which a process listens. */
async function listeners(pid: number): Promise<Array<{ port: number; loopback: boolean }>> {
  const files = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(files.map((file) => readlink(`/proc/${pid}/fd/${file}`).catch(() => '')));
  const inodes = new Set(targets.map((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1]));
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((name) => readFile(`/proc/${pid}/net/${name}`, 'utf8')),
  );
  const LISTEN = '0A';
  return tables
    .flatMap((table) => table.trim().split('\n').slice(1))
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === LISTEN && inodes.has(fields[9]))
    .map(([, address = '']) => {
      const [host, port = ''] = address.split(':');
      return { port: Number.parseInt(port, 16), loopback: LOOPBACK.has(host) };
    });
}
