import { randomUUID } from 'node:crypto';
import { connectPlain, connectV1, eventually } from '@chorus/testing';
import { expect } from 'chai';
import { SteppedClocks } from '../../support/clocks/stepped-clocks.js';
import { type LoneGateway, startLoneGateway } from '../../support/servers/lone-gateway.js';

const NODE_ID = 'gateway-1';
const HOUR_MS = 3_600_000;
/** More than a bucket holds at the moment of the step. */
const MESSAGES = 60;

describe('gateway whose clock is set', () => {
  let clocks: SteppedClocks;
  let gateway: LoneGateway;

  before(async function () {
    this.timeout(60_000);
    clocks = new SteppedClocks();
    gateway = await startLoneGateway({ ...clocks.env, NODE_ID, MAX_MESSAGES_PER_SECOND: String(MESSAGES) });
  });

  after(async () => {
    await gateway?.close();
    await clocks.close();
  });

  beforeEach(() => clocks.set(NODE_ID, 0));

  for (const [direction, stepMs] of [
    ['back', -HOUR_MS],
    ['forth', HOUR_MS / 2],
  ] as const) {
    it(`takes messages of a chorus.v1 socket as before when it is set ${direction}`, async () => {
      const roomId = await gateway.createRoom();
      const client = await connectV1(gateway.url, gateway.token(1));
      await client.join(roomId);
      client.send({ type: 'publish', roomId, clientMsgId: 'before', content: 'before' });
      await client.of('ack');
      await step(stepMs);
      for (let count = 0; count < MESSAGES / 2; count++) {
        client.send({ type: 'publish', roomId, clientMsgId: `after-${count}`, content: 'after' });
        await client.of('ack');
      }
      client.send({ type: 'ping' });
      await client.of('pong');
      expect(client.frames.filter(({ type }) => type === 'error')).to.deep.equal([]);
      await client.close();
    });

    it(`takes messages of a plain socket as before when it is set ${direction}`, async () => {
      const roomId = await gateway.createRoom();
      const client = await connectPlain(gateway.url, roomId, gateway.token(1));
      client.send('before');
      await client.message('before');
      await step(stepMs);
      for (let count = 0; count < MESSAGES / 2; count++) {
        client.send(`after-${count}`);
        await client.message(`after-${count}`);
      }
      await client.close();
    });

    it(`tells who is typing as before when it is set ${direction}`, async () => {
      const roomId = await gateway.createRoom();
      const typist = await connectV1(gateway.url, gateway.token(1));
      const reader = await connectV1(gateway.url, gateway.token(2));
      await typist.join(roomId);
      await reader.join(roomId);
      typist.send({ type: 'typing', roomId });
      await reader.of('typing');
      await step(stepMs);
      // Once a second is let through, by a clock that was not set.
      const typed = reader.of('typing');
      const timer = setInterval(() => typist.send({ type: 'typing', roomId }), 250);
      try {
        await typed;
      } finally {
        clearInterval(timer);
      }
      await typist.close();
      await reader.close();
    });
  }

  /** Sets the clock of the gateway, and waits until messages show it: each by a socket that was not there before. */
  async function step(stepMs: number): Promise<void> {
    clocks.set(NODE_ID, stepMs);
    const roomId = await gateway.createRoom();
    await eventually(async () => {
      const client = await connectV1(gateway.url, gateway.token(3));
      await client.join(roomId);
      client.send({ type: 'publish', roomId, clientMsgId: randomUUID(), content: 'what time is it?' });
      const { sentAt } = await client.of('message');
      await client.close();
      expect(sentAt - Date.now()).to.be.closeTo(stepMs, HOUR_MS / 4);
    });
  }
});
