import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase, lookUpProcess } from '@chorus/local';
import { connectPlain, until } from '@chorus/testing';
import { expect } from 'chai';
import { createPerson, createRoom, request } from '../support/clients/people.js';
import { throughLoopback } from '../support/servers/loopback.js';
import { CommandSuite } from './command-suite.js';

describe('the cluster command with several processes of each service', function () {
  this.timeout(60_000);
  const command = new CommandSuite();
  command.startsOnce(() => command.start(['--gateways', '2', '--apis', '2', '--archivers', '2']));

  it('runs processes of their own behind one port, and describes them in one line', async () => {
    const { cluster } = command.started;
    expect(cluster.apis.map(({ nodeId }) => nodeId)).to.deep.equal(['api-1', 'api-2']);
    expect(cluster.gateways.map(({ nodeId }) => nodeId)).to.deep.equal(['gateway-1', 'gateway-2']);
    expect(cluster.operatorUrl).to.equal(null);
    expect(cluster.archivers.map(({ nodeId }) => nodeId)).to.deep.equal(['archiver-1', 'archiver-2']);
    expect(new Set(command.pids).size).to.equal(9);
    for (const { url } of [
      ...cluster.apis,
      ...cluster.gateways,
      ...cluster.archivers,
      ...cluster.dispatchers,
    ]) {
      expect((await request(`${url}/readyz`)).status).to.equal(200);
    }
    expect(cluster.gateways.map(({ operatorUrl }) => operatorUrl)).to.deep.equal([null, null]);

    const ada = await createPerson(cluster.url);
    const room = await createRoom(cluster.url, ada);
    const sockets = await Promise.all(cluster.gateways.map(() => connectPlain(cluster.url, room, ada.token)));
    sockets[0]?.send('hello');
    for (const socket of sockets) await socket.message('hello');
    await Promise.all(sockets.map((socket) => socket.close()));
  });

  it('lets other users of the machine into neither its Redis nor its PostgreSQL', async () => {
    const { cluster } = command.started;
    const withoutPassword = (url: string): string => {
      const parts = new URL(url);
      expect(parts.password).to.match(/^[0-9a-f]{48}$/);
      parts.password = '';
      return parts.href;
    };
    const redis = connect(Number(new URL(withoutPassword(cluster.redis.url)).port), '127.0.0.1');
    redis.end('PING\r\n');
    expect(await text(redis)).to.match(/^-NOAUTH /);
    const stranger = createDatabase(withoutPassword(cluster.postgres.url));
    expect(await stranger.catch((error: unknown) => error)).to.be.instanceOf(Error);
    for (const pid of command.pids) {
      const commandLine = (await lookUpProcess(pid))?.command;
      for (const { url } of [cluster.redis, cluster.postgres]) {
        expect(commandLine).to.be.a('string').and.not.include(new URL(url).password);
      }
    }
  });

  it('continues without a process that was killed', async () => {
    const { cluster, program } = command.started;
    const victims = [cluster.apis[0], cluster.gateways[0]];
    for (const victim of victims) {
      process.kill(victim?.pid ?? 0, 'SIGKILL');
      await until(() => program.stderr.includes(`${victim?.nodeId} has ended by SIGKILL`));
    }
    const ada = await createPerson(cluster.url);
    const room = await createRoom(cluster.url, ada);
    for (let n = 0; n < 4; n++) await (await connectPlain(cluster.url, room, ada.token)).close();
    // A restart would have come after one second.
    await sleep(1_500);
    expect(program.stderr.match(/gateway-1 is ready/g)).to.have.length(1);
  });

  it('ends everything on Ctrl-C with status 0, and its sockets with a code', async () => {
    const { cluster, program } = command.started;
    const ada = await createPerson(cluster.url);
    const socket = await connectPlain(cluster.url, await createRoom(cluster.url, ada), ada.token);
    program.interrupt();
    expect(await program.ended).to.equal(0);
    expect((await socket.ended).code).to.equal(1012);
    await command.untilProcessesHaveEnded();
    expect(program.stdout.trim().split('\n')).to.have.length(1);
  });
});

describe('the cluster command with --restart and a port for operators', function () {
  this.timeout(60_000);
  const command = new CommandSuite();
  const token = 'for-tests-only';
  command.startsOnce(() =>
    command.start(['--gateways', '1', '--apis', '2', '--restart'], {
      OPERATOR_PORT: '0',
      OPERATOR_TOKEN: token,
    }),
  );

  it('serves operators by its first API', async () => {
    const { cluster } = command.started;
    expect(cluster.operatorUrl).to.match(/^http:\/\/localhost:\d+$/);
    expect(cluster.url).to.match(/^http:\/\/localhost:\d+$/);
    for (const each of throughLoopback(`${cluster.operatorUrl}/bans`)) {
      expect((await request(each)).status, each).to.equal(401);
    }
    for (const each of throughLoopback(`${cluster.url}/readyz`)) {
      expect((await request(each)).status, each).to.equal(200);
    }
    expect((await request(`${cluster.operatorUrl}/bans`, { token })).body).to.deep.equal({
      bans: [],
      nextCursor: null,
    });
  });

  it('starts a killed process again with --restart, under its name and address', async () => {
    const { cluster, program } = command.started;
    const [gateway] = cluster.gateways;
    process.kill(gateway?.pid ?? 0, 'SIGKILL');
    const again = /gateway-1 has ended by SIGKILL.*gateway-1 is ready \(pid (\d+)\)/s;
    await until(() => again.test(program.stderr));
    const pid = Number(again.exec(program.stderr)?.[1]);
    expect(pid).to.not.equal(gateway?.pid);
    command.pids.push(pid);
    expect((await request(`${gateway?.url}/readyz`)).status).to.equal(200);
  });

  it('leaves nothing behind when it is killed itself', async () => {
    const { program } = command.started;
    program.kill('SIGKILL');
    await command.untilNothingIsLeft();
  });
});
