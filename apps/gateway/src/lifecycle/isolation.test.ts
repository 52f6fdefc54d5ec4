import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CLOSE } from '@chorus/protocol';
import { silentLog } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';
import { Isolation } from './isolation.js';

const RESTART = { code: CLOSE.restart.code, reason: CLOSE.restart.reason };
const AFTER_MS = '300';

/** The responses of another gateway to `/readyz`. */
class OtherGateway {
  #asked = 0;
  ready = true;
  readonly #server: Server = createServer((_request, response) => {
    this.#asked++;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ status: this.ready ? 'ready' : 'degraded' }));
  });

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves after that number of further responses. */
  async asked(times: number): Promise<void> {
    const enough = this.#asked + times;
    while (this.#asked < enough) await once(this.#server, 'request');
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

describe('a gateway that is cut off from Redis', function () {
  this.timeout(30_000);

  let fixture: GatewayFixture;
  let others: OtherGateway[];
  let trouble: string | undefined;

  beforeEach(async () => {
    fixture = new GatewayFixture();
    await fixture.directory.ensure(1, 0);
    others = [];
    trouble = undefined;
  });
  afterEach(async () => {
    await fixture.close();
    for (const other of others) other.close();
  });

  async function start(count: number, env: Record<string, string> = {}): Promise<Gateway> {
    for (let number = 1; number <= count; number++) {
      const other = new OtherGateway();
      others.push(other);
      const url = await other.listen();
      const report = { nodeId: `other-${number}`, startedAt: 0, connections: 0, rooms: 0, url };
      await fixture.nodes.report({ ...report, state: 'ready' }, 600_000);
    }
    const gateway = await fixture.start({ NODE_ID: 'a', ISOLATED_AFTER_MS: AFTER_MS, ...env }, (broker) =>
      Object.defineProperty(broker, 'trouble', { get: () => trouble }),
    );
    expect(await readiness(gateway)).to.deep.equal(READY);
    return gateway;
  }

  const readiness = async ({ port }: Gateway) => {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    return [response.status, await response.json()];
  };
  const READY = [200, { status: 'ready' }];
  const DEGRADED = [200, { status: 'degraded', error: 'Redis does not answer' }];
  const ISOLATED = [503, { error: 'only here Redis does not answer', code: 'not_ready' }];
  const becomes = async (gateway: Gateway, expected: unknown): Promise<void> => {
    while (JSON.stringify(await readiness(gateway)) !== JSON.stringify(expected)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  it('keeps its sockets while other gateways are cut off, too, and asks them to reconnect once the others are ready', async () => {
    const gateway = await start(3);
    const plain = await fixture.join(gateway, 1, ANN);
    const v1 = await fixture.connectV1(gateway, BOB);
    for (const other of others) other.ready = false;
    trouble = 'does not answer';
    await Promise.all(others.map((other) => other.asked(4)));
    expect(await readiness(gateway)).to.deep.equal(DEGRADED);
    expect([plain.socket.readyState, v1.socket.readyState]).to.deep.equal([1, 1]);

    // A single ready gateway of three may be chance.
    if (others[0] !== undefined) others[0].ready = true;
    await Promise.all(others.map((other) => other.asked(4)));
    expect(await readiness(gateway)).to.deep.equal(DEGRADED);
    expect([plain.socket.readyState, v1.socket.readyState]).to.deep.equal([1, 1]);

    if (others[1] !== undefined) others[1].ready = true;
    const { afterMs } = await v1.of('reconnect', undefined, 20_000);
    expect(afterMs).to.be.within(0, 1_000);
    expect(await v1.ended).to.deep.equal(RESTART);
    expect(await plain.ended).to.deep.equal(RESTART);
    expect(await readiness(gateway)).to.deep.equal(ISOLATED);
    expect(gateway.connections.reconnectRequests).to.include({ isolated: 2, drain: 0 });
    const refused = await fixture.refusal(gateway, '/ws/join-room/1', fixture.bearer(ANN));
    expect([refused.status, refused.headers['retry-after']]).to.deep.equal([503, '1']);
  });

  it('accepts sockets again when it has recovered', async () => {
    const gateway = await start(1);
    trouble = 'does not answer';
    await becomes(gateway, ISOLATED);
    trouble = undefined;
    await becomes(gateway, READY);
    const socket = await fixture.join(gateway, 1, ANN);
    socket.socket.send('here again');
    await socket.message('here again');
  });

  it('stays drained if an operator drains it', async () => {
    const gateway = await start(1);
    await fixture.directory.announce({ type: 'node-drain', nodeId: 'a', on: true });
    await becomes(gateway, [503, { error: 'draining', code: 'not_ready' }]);
    trouble = 'does not answer';
    await others[0]?.asked(3);
    trouble = undefined;
    expect(await readiness(gateway)).to.deep.equal([503, { error: 'draining', code: 'not_ready' }]);
    await fixture.directory.announce({ type: 'node-drain', nodeId: 'a', on: false });
    await becomes(gateway, READY);
  });
});

describe('the detection of an isolated gateway', () => {
  /** Readiness of the other gateways at each check; the last value repeats. Resolves after that number of changes. */
  async function changes(
    well: readonly boolean[],
    count: number,
  ): Promise<{ looks: number; isolated: boolean }[]> {
    const seen: Array<{ looks: number; isolated: boolean }> = [];
    let looks = 0;
    await new Promise<void>((resolve) => {
      const isolation = new Isolation({
        healthy: () => false,
        peers: {
          size: 1,
          refresh: async () => {},
          areReady: async () => well[looks++] ?? well.at(-1) ?? false,
        },
        afterMs: 1,
        onChange: (isolated) => {
          if (seen.push({ looks, isolated }) < count) return;
          void isolation.close();
          resolve();
        },
        log: silentLog,
        stepMs: 5,
      });
    });
    return seen;
  }

  it('reads the list of gateways less often when it is long', async () => {
    let checks = 0;
    const reads: number[] = [];
    await new Promise<void>((resolve) => {
      const isolation = new Isolation({
        healthy: () => ++checks > 0,
        peers: {
          size: 95,
          refresh: async () => {
            if (reads.push(checks) < 3) return;
            void isolation.close();
            resolve();
          },
          areReady: async () => true,
        },
        afterMs: 1,
        onChange: () => undefined,
        log: silentLog,
        stepMs: 1,
      });
    });
    expect(reads).to.deep.equal([1, 11, 21]);
  });

  it('needs other gateways that are ready for a while', async () => {
    const [first] = await changes([true], 1);
    expect(first?.isolated).to.equal(true);
    expect(first?.looks).to.be.above(1);
  });

  it('restarts the wait when they are not ready', async () => {
    const [first] = await changes([true, false, false, true], 1);
    expect(first?.looks).to.be.above(4);
  });

  it('ends when they are not ready twice in a row', async () => {
    const wells = [...Array.from({ length: 50 }, () => true), false, true, true, false, false];
    const [on, off] = await changes(wells, 2);
    expect(on?.isolated).to.equal(true);
    expect(off).to.deep.equal({ looks: wells.length, isolated: false });
  });
});
