import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MessageFrame } from '@chorus/protocol';
import { connectPlain, until } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, type Person, request, signIn } from './support/clients/people.js';
import { loopbackHosts, throughLoopback } from './support/servers/loopback.js';
import { type Program, startProgram } from './support/servers/program.js';

describe('standalone', function () {
  this.timeout(60_000);

  let dataDir: string;
  const programs: Program[] = [];

  const open = async (): Promise<void> => {
    dataDir = await mkdtemp(join(tmpdir(), 'chorus-standalone-'));
  };
  const close = async (): Promise<void> => {
    for (const program of programs.splice(0)) {
      program.kill('SIGKILL');
      await program.ended;
    }
    await untilDatabaseIsFree(dataDir);
    await rm(dataDir, { recursive: true });
  };

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
    const program = startProgram('dist/standalone.js', [], {
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

  /** One folder of data, through two restarts. */
  describe('started three times', () => {
    const token = 'an-operator-token-that-is-long-enough-for-production';
    let program: Program;
    let url: string;
    let operatorUrl: string;
    let ada: Person;
    let ben: Person;
    let eve: Person;
    let room: number;

    before(async () => {
      await open();
      ({ program, url } = await start({ OPERATOR_PORT: '0', OPERATOR_TOKEN: token }));
      [, operatorUrl = ''] = await program.printed(/operator API is at (http:\/\/localhost:\d+)\./);
      ada = await createPerson(url, 'ada');
      room = await createRoom(url, ada, 'kept');
    });
    after(close);

    const said = async (): Promise<Array<[number, string]>> => {
      const { body } = await request(`${url}/api/rooms/${room}/messages`, { token: ada.token });
      return (body as { messages: MessageFrame[] }).messages.map(({ seq, content }) => [seq, content]);
    };
    const me = async (person: Person): Promise<number> =>
      (await request(`${url}/api/users/me`, { token: person.token })).status;
    const signOut = async (person: Person): Promise<number> =>
      (await request(`${url}/api/users/logout`, { token: person.token })).status;
    const expectFound = async (): Promise<void> => {
      const rooms = await request(`${url}/ws/get-rooms`, { token: ada.token });
      expect(rooms.body).to.deep.include({ id: room, name: 'kept' });
      expect(await signIn(url, ada)).to.include({ id: ada.id });
    };
    const say = async (content: string, seq: number): Promise<void> => {
      const socket = await connectPlain(url, room, ada.token);
      socket.send(content);
      expect(await socket.message(content)).to.include({ seq });
      await socket.close();
    };

    it('serves operators when it is told a port and a token', async () => {
      const banned = await createPerson(url);
      const ban = `${operatorUrl}/users/${banned.id}/ban`;
      expect((await request(ban, { body: {} })).status).to.equal(401);
      expect((await request(ban, { body: {}, token })).status).to.equal(200);
      expect((await request(`${url}/ws/get-rooms`, { token: banned.token })).status).to.equal(403);
    });

    it('lets two people chat with each other through different gateways behind one port', async () => {
      const [ada, ben] = [await createPerson(url), await createPerson(url)];
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

    it('prints addresses with the name localhost, which work whichever loopback address is tried first', async () => {
      expect(url).to.match(/^http:\/\/localhost:\d+$/);
      expect(program.stdout)
        .to.include(`-c ${url.replace('http', 'ws')}/ws/join-room/1`)
        .and.not.include('127.0.0.1');
      const other = await createRoom(url, ada);
      for (const each of [url, ...throughLoopback(url)]) {
        const socket = await connectPlain(each, other, ada.token);
        socket.send(each);
        await socket.message(each);
        await socket.close();
      }
      for (const each of [operatorUrl, ...throughLoopback(operatorUrl)]) {
        expect((await request(`${each}/livez`)).status, each).to.equal(200);
      }
    });

    it('says in one line that its data is in use', async () => {
      const second = launch();
      expect(await second.ended).to.equal(1);
      expect(second.stderr).to.equal(
        `${dataDir} is in use by another Chorus (pid ${program.pid}); choose a folder with DATA_DIR\n`,
      );
      expect((await request(`${url}/readyz`)).status).to.equal(200);
    });

    it('ends with status 0 and no complaint on Ctrl-C, sockets and all', async () => {
      [ben, eve] = [await createPerson(url), await createPerson(url)];
      expect(await signOut(ben)).to.equal(200);
      const socket = await connectPlain(url, room, ada.token);
      for (const content of ['one', 'two', 'three']) socket.send(content);
      await socket.messages(3);
      program.interrupt();
      expect(await program.ended).to.equal(0);
      expect(program.stderr).to.equal('');
      expect((await socket.ended).code).to.equal(1012);
      const pid = join(dataDir, 'postgres/cluster/postmaster.pid');
      expect(existsSync(pid), 'PostgreSQL has stopped').to.equal(false);
    });

    it('finds users, sessions, rooms and messages at the next start, and numbers on', async () => {
      ({ program, url } = await start({ HOST: '0.0.0.0' }));
      await expectFound();
      expect((await stat(join(dataDir, 'jwt-secret'))).mode & 0o777).to.equal(0o600);
      expect(await said()).to.deep.equal([
        [1, 'one'],
        [2, 'two'],
        [3, 'three'],
      ]);
      await say('four', 4);
    });

    it('remembers who signed out', async () => {
      expect([await me(ben), await me(eve)]).to.deep.equal([401, 200]);
      const refresh = { method: 'POST', token: ben.token };
      expect((await request(`${url}/api/users/refresh`, refresh)).status).to.equal(401);
    });

    if (process.platform === 'linux') {
      it('can be reached from outside on its one port only', async () => {
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

    it('finds all of it again after it was killed, PostgreSQL having ended with it', async () => {
      expect(await signOut(eve)).to.equal(200);
      program.kill('SIGKILL');
      await untilDatabaseIsFree(dataDir);
      ({ program, url } = await start());
      await expectFound();
      expect([await me(ben), await me(eve)]).to.deep.equal([401, 401]);
      expect((await said()).at(-1)).to.deep.equal([4, 'four']);
      await say('five', 5);
    });
  });

  describe('that cannot start', () => {
    before(open);
    after(close);

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

    it('names a setting that is wrong', async () => {
      const program = launch({ MAX_FRAME_BYTES: 'many' });
      expect(await program.ended).to.equal(1);
      expect(program.stderr).to.match(/^MAX_FRAME_BYTES="many" is not valid: .*\n$/);
    });
  });
});

/** A killed standalone takes its PostgreSQL along; that takes a moment. */
async function untilDatabaseIsFree(dataDir: string): Promise<void> {
  await until(() => !existsSync(join(dataDir, 'postgres/cluster/postmaster.pid')));
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
