import { expect } from 'chai';
import { WebSocket } from 'ws';
import type { ChorusClient } from './chorus-client.js';
import { ChorusError } from './chorus-error.js';
import type { ClientOptions } from './options.js';
import { event, joined, message, next, Stage } from './testing/stage.js';
import type { ConnectionState, RoomsChange } from './types.js';

describe('the client', () => {
  let stage: Stage;
  let client: ChorusClient;
  let states: ConnectionState[];
  beforeEach(async () => {
    stage = await Stage.set();
    states = [];
  });
  afterEach(() => stage.close());

  const start = (options: ClientOptions = {}): void => {
    client = stage.client(options);
    client.on('state', (state) => states.push(state));
  };
  const becomes = (status: ConnectionState['status']): Promise<ConnectionState> =>
    client.state.status === status
      ? Promise.resolve(client.state)
      : event<ConnectionState>(
          (listener) => client.on('state', listener),
          (state) => state.status === status,
        );
  const closedBy = async (): Promise<ChorusError | undefined> => {
    const state = await becomes('closed');
    return state.status === 'closed' ? state.error : undefined;
  };

  it('reconnects after the time that the gateway requested, and not before', async () => {
    start({ backoff: { baseMs: 1, capMs: 1 } });
    const connection = await stage.connection();
    connection.say({ type: 'reconnect', afterMs: 300 });
    await becomes('connected');
    const at = performance.now();
    connection.socket.close(1012);
    const waiting = await becomes('waiting');
    expect(waiting).to.include({ attempt: 1, reason: 'connection lost' });
    await stage.connection();
    expect(performance.now() - at).to.be.at.least(200);
  });

  it('watches the list of rooms, over reconnects, if there is a listener', async () => {
    start();
    const first = await stage.connection();
    await becomes('connected');
    const changes: RoomsChange[] = [];
    for (let count = 0; count < 2; count++) client.on('rooms', (change) => changes.push(change));
    expect(await first.next()).to.deep.equal({ type: 'watch-rooms' });
    const change = { rooms: [{ id: 1, name: 'one', createdBy: 1 }], gone: [2], complete: true };
    first.say({ type: 'rooms-changed', ...change }, { type: 'pong' });
    while (changes.length < 2) await new Promise(setImmediate);
    for (const each of changes) expect(each).to.deep.include(change);
    client.join(1);
    expect(await first.next()).to.include({ type: 'join' });
    first.socket.terminate();
    const second = await stage.connection();
    expect((await next(second, 2)).map(({ type }) => type)).to.deep.equal(['join', 'watch-rooms']);
  });

  it('accepts that an older gateway does not know a frame', async () => {
    start();
    const errors: ChorusError[] = [];
    client.on('error', (error) => errors.push(error));
    client.on('rooms', () => undefined);
    const connection = await stage.connection();
    expect(await connection.next()).to.deep.equal({ type: 'watch-rooms' });
    const refused = { type: 'error', error: 'x', retry: false } as const;
    connection.say({ ...refused, code: 'bad_frame' }, { ...refused, code: 'internal' });
    while (errors.length === 0) await new Promise(setImmediate);
    expect(errors.map(({ code }) => code)).to.deep.equal(['internal']);
  });

  it('waits as long as a refusal asks for, and retries after temporary refusals', async () => {
    stage.gateway.refusals.push(
      { status: 503, headers: { 'retry-after': '1' } },
      { status: 429 },
      { status: 502 },
    );
    start();
    await becomes('waiting');
    const at = performance.now();
    await stage.connection();
    expect(performance.now() - at).to.be.above(950);
    const reasons = states.flatMap((state) => (state.status === 'waiting' ? [state.reason] : []));
    expect(reasons).to.deep.equal(['refused with 503', 'refused with 429', 'refused with 502']);
  });

  for (const [status, code] of [
    [400, 'disconnected'],
    [401, 'unauthenticated'],
    [403, 'forbidden'],
    [404, 'disconnected'],
  ] as const) {
    it(`closes for good when it is refused with ${status}`, async () => {
      stage.gateway.refusals.push({ status });
      start();
      expect(await closedBy()).to.include({ code, status, retry: false });
    });
  }

  for (const [code, kind] of [
    [4401, 'unauthenticated'],
    [4403, 'disconnected'],
  ] as const) {
    it(`closes for good with its rooms when the gateway closes it with ${code}`, async () => {
      start();
      const room = client.join(1);
      (await stage.connection()).socket.close(code, 'because');
      expect(await closedBy()).to.include({ code: kind, message: 'because' });
      expect([room.status, room.leftReason]).to.deep.equal(['left', 'closed']);
    });
  }

  it('asks the API for the reason of a refusal that the platform hides', async () => {
    stage.gateway.refusals.push({ status: 401 }, { status: 401 });
    stage.history.meError = new ChorusError('unauthenticated', 'sign in');
    // Like in browsers: only the failure is visible, not its reason.
    class Silent extends WebSocket {
      override emit(type: string | symbol, ...args: unknown[]): boolean {
        return type !== 'unexpected-response' && super.emit(type, ...args);
      }
    }
    start({ webSocket: Silent });
    expect(await closedBy()).to.include({ code: 'unauthenticated', message: 'sign in' });
  });

  it('gives the reason why it was closed in what it rejects', async () => {
    const rejection = (call: Promise<unknown>): Promise<unknown> =>
      call.then(
        () => undefined,
        (error: unknown) => error,
      );
    class NoSocket {
      constructor() {
        throw new TypeError('WebSocket is not defined');
      }
    }
    for (const [options, status, code, text] of [
      [{ webSocket: NoSocket as never }, undefined, 'unsupported', /WebSocket is not defined/],
      [{}, 401, 'unauthenticated', /refused with 401/],
      [{}, 403, 'forbidden', /refused with 403/],
    ] as const) {
      if (status !== undefined) stage.gateway.refusals.push({ status });
      start(options);
      const room = client.join(1);
      const errors = await Promise.all([rejection(room.send('x')), rejection(room.joined())]);
      const closed = await closedBy();
      for (const error of errors) {
        expect(error).to.be.instanceOf(ChorusError).and.to.include({ code, cause: closed, retry: false });
        expect(String(error)).to.match(text);
      }
    }
    start();
    const room = client.join(1);
    await client.close();
    expect(await rejection(room.send('x'))).to.include({ code: 'closed', cause: undefined });
  });

  it('accepts an address with slashes at its end', async () => {
    start({ url: `${stage.gateway.url}//` });
    const connection = await stage.connection();
    expect(connection.request.url).to.equal('/ws/connect');
  });

  it('renews a refused token once and continues with the new one', async () => {
    stage.gateway.refusals.push({ status: 401 });
    let asked = 0;
    start({ refresh: async () => `token-${++asked}` });
    const connection = await stage.connection();
    expect(connection.request.headers.authorization).to.equal('Bearer token-1');
    await becomes('connected');
    connection.socket.close(4401);
    await becomes('connecting');
    stage.gateway.refusals.push({ status: 401 });
    expect(await closedBy()).to.include({ code: 'unauthenticated' });
    expect(asked).to.equal(2);
  });

  it('closes for good when a refused token cannot be renewed', async () => {
    stage.gateway.refusals.push({ status: 401 });
    start({ refresh: () => Promise.reject(new ChorusError('unauthenticated', 'signed out')) });
    expect(await closedBy()).to.include({ code: 'unauthenticated', message: 'signed out' });
  });

  it('renews its token before it expires, for the open connection', async () => {
    const tokens = ['first', 'second'];
    start({ token: () => tokens.shift() ?? 'third' });
    const connection = await stage.connection({ expiresAt: Date.now() + 700 });
    expect(connection.request.headers.authorization).to.equal('Bearer first');
    expect(await connection.next()).to.deep.equal({ type: 'refresh', token: 'second' });
    connection.say({ type: 'refreshed', expiresAt: Date.now() + 600 });
    expect(await connection.next()).to.deep.equal({ type: 'refresh', token: 'third' });
  });

  it('renews its token in time although its own clock is hours off', async () => {
    for (const offMs of [-7_200_000, 7_200_000]) {
      const tokens = ['first', 'second', 'third'];
      start({ token: () => tokens.shift() ?? 'last' });
      const now = Date.now() + offMs;
      const connection = await stage.connection({ now, expiresAt: now + 700 });
      expect(await connection.next()).to.deep.equal({ type: 'refresh', token: 'second' });
      connection.say({ type: 'refreshed', now, expiresAt: now + 600 });
      expect(await connection.next()).to.deep.equal({ type: 'refresh', token: 'third' });
    }
  });

  it('reconnects and resumes when a cookie has the newer token', async () => {
    start({ refresh: async () => undefined });
    client.join(1);
    const connection = await stage.connection({ expiresAt: Date.now() + 600 });
    await connection.next();
    connection.say(joined(1, 3));
    expect(await (await stage.connection()).next()).to.deep.include({
      type: 'join',
      since: { epoch: 1_000, seq: 3 },
    });
  });

  it('drops a silent connection after a ping without an answer', async () => {
    start({ askAfterMs: 30, answerWithinMs: 60 });
    const connection = await stage.connection();
    expect(await connection.next()).to.deep.equal({ type: 'ping' });
    connection.say({ type: 'pong' });
    expect(await connection.next()).to.deep.equal({ type: 'ping' });
    expect(await becomes('waiting')).to.include({ reason: 'silent' });
    await stage.connection();
  });

  it('reconnects when it receives an unreadable frame', async () => {
    start();
    (await stage.connection()).socket.send('{"type":');
    await becomes('waiting');
    await stage.connection();
  });

  it('stays disconnected until connect() is called again', async () => {
    start();
    const connection = await stage.connection();
    await becomes('connected');
    client.disconnect();
    expect(client.state).to.deep.equal({ status: 'idle' });
    expect(await new Promise((resolve) => connection.socket.on('close', resolve))).to.equal(1000);
    client.connect();
    await stage.connection();
    await becomes('connected');
  });

  it('reports an exception of a listener and still calls the others', async () => {
    start();
    const room = client.join(1);
    const handlers = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    const reported = new Promise((resolve) => process.once('uncaughtException', resolve));
    const failure = new Error('a listener failed');
    room.on('message', () => {
      throw failure;
    });
    const heard = event((listener) => room.on('message', listener));
    (await stage.connection()).say(joined(1, 0), message(1, 1));
    await heard;
    expect(await reported).to.equal(failure);
    for (const handler of handlers) process.on('uncaughtException', handler);
    expect(room.position?.seq).to.equal(1);
  });

  it('can be closed by a listener of state changes', async () => {
    start();
    const connection = await stage.connection();
    await becomes('connected');
    const room = client.join(1);
    room.on('status', (status) => {
      if (status === 'joining') client.close();
    });
    connection.say(joined(1, 0));
    await room.joined();
    connection.socket.terminate();
    await becomes('closed');
    expect(client.state).to.deep.equal({ status: 'closed' });
  });

  it('emits broadcasts of the operator', async () => {
    start();
    const said = event<string>((listener) => client.on('broadcast', listener));
    (await stage.connection()).say({ type: 'broadcast', content: 'noon', roomId: 0, username: '' });
    expect(await said).to.equal('noon');
  });
});
