import type { Socket } from 'node:net';
import { openSockets, untilSockets } from '@chorus/service/testing';
import { expect } from 'chai';
import { BalancerStage, expectError, JOIN, MEGABYTE, SWITCHED } from '../testing/balancer-stage.js';

describe('the connections of the balancer', () => {
  let stage: BalancerStage;
  beforeEach(() => {
    stage = new BalancerStage();
  });
  afterEach(() => stage.close());

  /** Does it many times, some at once, and finds as many connections afterwards as before. */
  async function expectNothingLeft(times: number, attack: (n: number) => Promise<void>): Promise<void> {
    await attack(0);
    const before = await untilSockets(openSockets());
    for (let n = 0; n < times; n += 25) {
      await Promise.all(Array.from({ length: 25 }, (_, index) => attack(n + index)));
    }
    // Those by which the balancer asks whether processes are ready come and go.
    expect(await untilSockets(before + 2)).to.be.at.most(before + 2);
  }

  describe('is left with nothing', function () {
    this.timeout(120_000);

    it('after upgrades without Host', async () => {
      await stage.start();
      const lines = JOIN.filter((line) => line !== 'Host: chat');
      await expectNothingLeft(500, async () => expectError(await stage.ask(lines), 400));
    });

    it('after upgrades that are aborted at any point', async () => {
      await stage.start();
      await expectNothingLeft(1_000, async (n) => {
        const client = await stage.open();
        if (n % 5 === 0) client.socket.write('GET /ws/join-room/1 HTTP/1.1\r\n');
        else client.send(JOIN, 'frames');
        if (n % 5 === 2) await new Promise(setImmediate);
        if (n % 5 === 3) await client.until('frames');
        if (n % 5 === 4) client.socket.end();
        else if (n % 2 === 0) client.socket.destroy();
        else client.socket.resetAndDestroy();
        if (n % 5 === 4) await client.end();
      });
    });

    it('after upgrades that nothing answers and their clients give up', async () => {
      stage.onUpgrade = (_, socket) => void socket.resume().once('end', () => socket.destroy());
      await stage.start();
      await expectNothingLeft(500, async () => {
        const client = (await stage.open()).send(JOIN);
        await new Promise((resolve) => setTimeout(resolve, 5));
        client.socket.destroy();
      });
    });

    it('after requests that are aborted in the body and in the answer', async () => {
      stage.answer = (request, response) => {
        if (request.url === '/answer') response.end(Buffer.alloc(4 * MEGABYTE));
        else request.resume();
      };
      await stage.start();
      await expectNothingLeft(400, async (n) => {
        const client = await stage.open();
        if (n % 2 === 0) client.send(['POST /body HTTP/1.1', 'Host: a', 'Content-Length: 99'], 'some');
        else await client.send(['GET /answer HTTP/1.1', 'Host: a']).until('200');
        client.socket.destroy();
      });
    });

    it('after tunnels of which one side goes', async () => {
      const ends: ((socket: Socket) => void)[] = [
        (socket) => socket.end(),
        (socket) => socket.destroy(),
        (socket) => socket.resetAndDestroy(),
      ];
      let served = 0;
      stage.onUpgrade = (_, socket) => {
        socket.on('error', () => socket.destroy());
        socket.write(`${SWITCHED}welcome`, () => ends[served++ % 3]?.(socket));
        socket.resume();
      };
      await stage.start();
      await expectNothingLeft(300, async () => {
        const client = (await stage.open()).send(JOIN);
        await client.end();
      });
    });
  });

  describe('carries', () => {
    it('bytes no faster than the other side takes them, both ways', async () => {
      let gateway: Socket | undefined;
      stage.onUpgrade = (_, socket) => {
        socket.write(SWITCHED);
        gateway = socket;
        socket.pause();
      };
      await stage.start();
      const client = (await stage.open()).send(JOIN);
      await client.until('\r\n\r\n');
      client.socket.pause();
      const sides = [client.socket, gateway];
      const chunk = Buffer.alloc(MEGABYTE);
      for (const side of sides) {
        if (side === undefined) expect.fail('no gateway has the socket');
        for (let n = 0; n < 64; n++) side.write(chunk);
        // What the system and the balancer hold at most, by far.
        await new Promise((resolve) => setTimeout(resolve, 200));
        expect(side.writableLength).to.be.above(32 * MEGABYTE);
        side.on('error', () => undefined);
      }
      client.socket.destroy();
    });

    it('what was sent before one side ended', async () => {
      stage.onUpgrade = (_, socket) => void socket.end(`${SWITCHED}${'x'.repeat(2 * MEGABYTE)}bye`);
      await stage.start();
      const text = await stage.ask(JOIN);
      expect(text).to.have.length.above(2 * MEGABYTE);
      expect(text).to.match(/bye$/);

      let received = '';
      stage.onUpgrade = (_, socket) => {
        socket.write(SWITCHED);
        socket.on('data', (data) => {
          received += String(data);
        });
        socket.once('end', () => socket.end('heard'));
      };
      const client = (await stage.open()).send(JOIN, 'early');
      await client.until('\r\n\r\n');
      client.socket.end(`${'y'.repeat(MEGABYTE)}bye`);
      expect(await client.end()).to.match(/heard$/);
      expect(received).to.match(/^earlyy+bye$/);
      expect(received).to.have.length(5 + MEGABYTE + 3);
    });
  });
});
