import { BacklogFullError, type Broker } from '@chorus/broker';
import { UnavailableError } from '@chorus/redis';
import type { V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import { ANN, GatewayFixture } from '../../testing/gateways.js';

describe('a chorus.v1 socket whose broker fails', () => {
  const fixture = new GatewayFixture();
  let failure: Error | undefined;
  let ann: V1Socket;

  before(async () => {
    const gateway = await fixture.start({}, (broker: Broker) => {
      const { publish, stored } = broker;
      broker.publish = async (...args) => {
        if (failure !== undefined) throw failure;
        return publish.apply(broker, args);
      };
      broker.stored = async (roomId) => {
        if (failure !== undefined) throw failure;
        return stored.call(broker, roomId);
      };
      return broker;
    });
    await fixture.directory.ensure(1, 0);
    await fixture.directory.ensure(2, 0);
    ann = await fixture.connectV1(gateway, ANN);
    await ann.join(1);
  });
  afterEach(() => {
    failure = undefined;
  });
  after(() => fixture.close());

  for (const [error, code] of [
    [new UnavailableError('down'), 'unavailable'],
    [new BacklogFullError('full'), 'backlog_full'],
    [new Error('a bug'), 'internal'],
  ] as const) {
    it(`gets ${code} for a message, and may send it again`, async () => {
      failure = error;
      ann.send({ type: 'publish', roomId: 1, clientMsgId: code, content: 'hello?' });
      expect(await ann.of('error')).to.include({ code, retry: true, clientMsgId: code, request: 'publish' });
      failure = undefined;
      await ann.publish(1, 'hello', code);
    });
  }

  it('gets unavailable for a join, stays out of the room, and may try again', async () => {
    failure = new UnavailableError('down');
    ann.send({ type: 'join', roomId: 2 });
    expect(await ann.of('error')).to.include({
      code: 'unavailable',
      retry: true,
      roomId: 2,
      request: 'join',
    });
    failure = undefined;
    await ann.join(2);
  });
});
