import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CLOSE } from '@chorus/protocol';
import { expect } from 'chai';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Scenario, scenarioSchema } from '../scenario.js';
import { CERTIFICATE, PRIVATE_KEY } from '../testing/certificate.js';
import { LoadError } from './load-parts.js';
import { runLoad } from './run-load.js';

const identity = { userId: 1, username: 'ann', token: undefined };
const parts = { identities: [identity], roomIds: [11] };

/** Speaks as much of `chorus.v1`, or of the plain protocol, as a client needs to be in a room. */
async function startServer(secure = false) {
  const http = secure ? createTlsServer({ cert: CERTIFICATE, key: PRIVATE_KEY }) : createHttpServer();
  const server = new WebSocketServer({ server: http });
  const sockets: Array<{ socket: WebSocket; since: number }> = [];
  server.on('connection', (socket) => {
    sockets.push({ socket, since: performance.now() });
    socket.on('error', () => undefined);
    const send = (frame: object): void => socket.send(JSON.stringify(frame));
    if (socket.protocol === '') return;
    send({ type: 'welcome', limits: { maxRooms: 10, maxMessagesPerSecond: 100 } });
    socket.on('message', (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as { type: string; roomId: number };
      if (frame.type === 'join')
        send({ type: 'room-joined', roomId: frame.roomId, epoch: 1, seq: 0, recovered: true });
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return {
    url: `${secure ? 'wss' : 'ws'}://127.0.0.1:${(http.address() as AddressInfo).port}`,
    /** All sockets ever opened, oldest first. */
    sockets,
    close: () => {
      for (const { socket } of sockets) socket.terminate();
      http.close();
    },
  };
}

describe('the sockets of a load', function () {
  this.timeout(60_000);
  let server: Awaited<ReturnType<typeof startServer>>;
  const scenario = (options: Partial<Scenario> = {}): Scenario =>
    scenarioSchema.parse({
      targets: [server.url],
      connections: 4,
      rooms: 1,
      membersPerRoom: 4,
      ramp: 1_000,
      rate: 0,
      warmUpMs: 100,
      durationMs: 2_500,
      settleMs: 500,
      ...options,
    });

  afterEach(() => server.close());

  /** Runs the load, and calls `act` with its sockets once all are in their rooms. */
  const runAnd = async (act: (socket: WebSocket) => void, options: Partial<Scenario> = {}) => {
    let first: WebSocket[] = [];
    const result = await runLoad(scenario(options), {
      ...parts,
      onPhase: (phase) => {
        if (phase !== 'measuring') return;
        first = server.sockets.map(({ socket }) => socket);
        for (const socket of first) act(socket);
      },
    });
    return { result, returned: server.sockets.slice(first.length) };
  };

  for (const [name, { code }] of Object.entries({
    'its room was deleted': CLOSE.roomDeleted,
    'its token is no longer valid': CLOSE.unauthenticated,
    'an operator wants it gone': CLOSE.disconnected,
  })) {
    it(`do not reconnect after ${code}: ${name}`, async () => {
      server = await startServer();
      const { result, returned } = await runAnd((socket) => socket.close(code), { protocol: 'plain' });
      expect(returned).to.have.length(0);
      expect(result.closes).to.deep.equal({ [code]: 4 });
      expect(result.resumes).to.include({ ok: 0, unrecovered: 0, failed: 0 });
    });
  }

  it('reconnect after 1012 without a given delay', async () => {
    server = await startServer();
    const { result, returned } = await runAnd((socket) => socket.close(CLOSE.restart.code), {
      durationMs: 4_000,
    });
    expect(returned).to.have.length(4);
    expect(result.closes).to.deep.equal({ 1012: 4 });
  });

  it('reconnect when `reconnect` says, and not before', async () => {
    server = await startServer();
    let toldAt = 0;
    const { result, returned } = await runAnd((socket) => {
      toldAt ||= performance.now();
      socket.send(JSON.stringify({ type: 'reconnect', afterMs: 1_500 }));
      socket.close(CLOSE.restart.code);
    });
    expect(returned).to.have.length(4);
    for (const { since } of returned) expect(since - toldAt).to.be.at.least(1_450);
    expect(result.resumes).to.include({ ok: 4, unrecovered: 0, failed: 0 });
  });

  it('reach wss:// servers whose certificate the machine trusts, and report others', async () => {
    server = await startServer(true);
    const untrusted = await runLoad(scenario({ durationMs: 200 }), parts);
    expect(untrusted.connects).to.include({ ok: 0 });
    expect(Object.keys(untrusted.connects.failures)).to.deep.equal(['DEPTH_ZERO_SELF_SIGNED_CERT']);
    const folder = await mkdtemp(join(tmpdir(), 'chorus-loadtest-'));
    const before = process.env.NODE_EXTRA_CA_CERTS;
    try {
      const file = join(folder, 'ca.pem');
      await writeFile(file, CERTIFICATE);
      process.env.NODE_EXTRA_CA_CERTS = file;
      const { connects } = await runLoad(scenario({ durationMs: 200 }), parts);
      expect(connects).to.include({ ok: 4, failed: 0 });
    } finally {
      if (before === undefined) delete process.env.NODE_EXTRA_CA_CERTS;
      else process.env.NODE_EXTRA_CA_CERTS = before;
      await rm(folder, { recursive: true });
    }
  });

  it('are not even tried when no server answers at a target', async () => {
    server = await startServer();
    const unused = createTcpServer().listen(0, '127.0.0.1');
    await once(unused, 'listening');
    const target = `ws://127.0.0.1:${(unused.address() as AddressInfo).port}`;
    unused.close();
    await once(unused, 'close');
    const error = await runLoad(
      scenario({ targets: [server.url, target], durationMs: 600_000 }),
      parts,
    ).catch((error: unknown) => error);
    expect(error).to.be.instanceOf(LoadError);
    expect((error as LoadError).message).to.equal(`no server answers at ${target}: ECONNREFUSED`);
  });

  it('are cut at once when the run is stopped a second time', async () => {
    server = await startServer();
    // Nothing is acked, so an end that waits for messages in flight takes longer than this test may.
    const program = spawn(process.execPath, [
      fileURLToPath(new URL('../../dist/main.js', import.meta.url)),
      ...['--target', server.url, '--secret', 'a secret of tests that is long enough', '--room-ids', '1'],
      ...[
        '--connections',
        '4',
        '--rooms',
        '1',
        '--members',
        '4',
        '--rate',
        '50',
        '--warm-up',
        '0s',
        '--settle',
        '10m',
      ],
    ]);
    const ended = once(program, 'exit');
    await new Promise<void>((resolve) => {
      program.stderr.on('data', (chunk: Buffer) => {
        if (chunk.toString().includes('measuring')) resolve();
      });
    });
    program.kill('SIGINT');
    await new Promise((resolve) => setTimeout(resolve, 300));
    program.kill('SIGINT');
    expect(await ended).to.deep.equal([3, null]);
    while (server.sockets.some(({ socket }) => socket.readyState !== socket.CLOSED)) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  });
});
