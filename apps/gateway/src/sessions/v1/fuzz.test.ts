import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ERROR_CODES, serverFrameSchema } from '@chorus/protocol';
import { createPrng, type V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../../testing/gateways.js';

const FRAMES = 20_000;
/** Room that the arbitrary frames do not name: their answers cannot be taken for those of the test. */
const QUIET_ROOM = 3;
/** Frames sent before their answers are awaited. */
const AT_A_TIME = 250;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Memory held by this process, in bytes. */
function memory(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Frames that no client should send, and some valid ones. */
function frames(below: (limit: number) => number): () => string {
  const pick = <T>(choices: readonly T[]): T => choices[below(choices.length)] as T;
  const types = ['join', 'leave', 'publish', 'presence', 'typing', 'refresh', 'ping'];
  const oddTypes = ['', 'JOIN', 'toString', '__proto__', 'constructor', 'message', 'ack', 'welcome', 'bad'];
  const odd = (): unknown =>
    pick<() => unknown>([
      () => null,
      () => true,
      () => -1,
      () => 0,
      () => 1.5,
      () => 2 ** 53,
      () => 1e308,
      () => '',
      () => '1',
      () => 'x'.repeat(below(8_000)),
      () => '\0\ud800',
      () => [],
      () => [1, 2, 3],
      () => ({}),
      () => ({ epoch: -1, seq: 'x' }),
      () => ({ epoch: 1, seq: Number.MAX_SAFE_INTEGER }),
      () => ({ toString: 1, valueOf: null }),
    ])();
  const fields = ['roomId', 'clientMsgId', 'content', 'since', 'after', 'token', '__proto__', 'constructor'];
  const object = (): string => {
    const entries: string[] = [];
    if (below(10) > 0)
      entries.push(`"type":${JSON.stringify(below(4) > 0 ? pick(types) : pick([...oddTypes, odd()]))}`);
    if (below(3) > 0) entries.push(`"roomId":${JSON.stringify(pick([1, 2, 99, odd()]))}`);
    for (let more = below(5); more > 0; more--) {
      const value = pick(['m-1', 'hello', 1, { epoch: 1, seq: 1 }, odd()]);
      entries.push(`${JSON.stringify(pick(fields))}:${JSON.stringify(value)}`);
    }
    return `{${entries.join(',')}}`;
  };
  const deep = (): string => {
    const depth = 1 + below(5_000);
    return below(2) === 0
      ? '['.repeat(depth) + ']'.repeat(depth)
      : `${'{"type":'.repeat(depth)}1${'}'.repeat(depth)}`;
  };
  const garbage = (): string =>
    String.fromCharCode(...Array.from({ length: below(60) }, () => 1 + below(0xd7fe)));
  const cut = (): string => object().slice(0, below(40));
  return () => pick([object, object, object, object, deep, garbage, cut])();
}

describe('a chorus.v1 socket that receives arbitrary frames', () => {
  const fixture = new GatewayFixture();
  let gateway: Gateway;

  before(async () => {
    gateway = await fixture.start({
      MAX_MESSAGES_PER_SECOND: '100000',
      MAX_FRAME_BYTES: '65536',
      PRESENCE_GRACE_MS: '0',
    });
    for (const roomId of [1, 2, QUIET_ROOM]) await fixture.directory.ensure(roomId, 0);
  });
  after(() => fixture.close());

  /** Resolves when all frames sent so far have been processed. */
  async function settle(socket: V1Socket): Promise<void> {
    socket.send({ type: 'ping' });
    await socket.next((frame) => frame.type === 'pong' || frame.type === 'error', 20_000);
    await socket.publish(QUIET_ROOM, 'alive', `alive-${Math.random().toString(36).slice(2)}`);
  }

  for (const seed of [1]) {
    it(`answers with documented frames only and stays open (seed ${seed})`, async () => {
      const next = frames(createPrng(seed).below);
      const socket = await fixture.connectV1(gateway, ANN);
      const bystander = await fixture.connectV1(gateway, BOB);
      await bystander.join(1);
      const codes = new Set<string>();
      const types = new Set<string>();
      let halfway = 0;
      for (let sent = 0; sent < FRAMES; sent += AT_A_TIME) {
        for (let index = 0; index < AT_A_TIME; index++) socket.socket.send(next());
        await socket.join(QUIET_ROOM);
        await settle(socket);
        for (const frame of socket.frames) {
          expect(serverFrameSchema.safeParse(frame).success, JSON.stringify(frame)).to.equal(true);
          types.add(frame.type);
          if (frame.type === 'error') codes.add(frame.code);
        }
        socket.forget();
        bystander.forget();
        if (sent === FRAMES / 2) halfway = memory();
      }
      expect(ERROR_CODES).to.include.members([...codes]);
      expect([...codes]).to.include.members(['bad_frame', 'not_joined', 'room_not_found', 'invalid_token']);
      expect([...codes]).not.to.include('internal');
      expect([...types]).not.to.include('reconnect');
      expect(memory() - halfway, 'bytes grown over the second half').to.be.below(4 * 1_048_576);
      expect(socket.socket.readyState).to.equal(socket.socket.OPEN);
      await bystander.publish(1, 'unharmed', `fuzz-${seed}`);
      for (const each of [socket, bystander]) {
        each.socket.close();
        await each.ended;
      }
    }).timeout(60_000);
  }
});
