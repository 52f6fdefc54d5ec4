import { CLOSE } from '@chorus/protocol';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, listeningThrough } from '../testing/gateways.js';
import { RedisGatewayFixture } from '../testing/redis-gateways.js';

const ROOM = 1;

describe('messages that a gateway missed until the recent history had lost them', function () {
  this.timeout(30_000);

  let fixture: RedisGatewayFixture;
  let here: Gateway;
  /** Whether nothing is delivered to the gateway. */
  let cutOff = false;
  let resume: () => void;

  beforeEach(async () => {
    fixture = await RedisGatewayFixture.open();
    await fixture.directory.ensure(ROOM, 0);
    cutOff = false;
    here = await fixture.start({}, (own) =>
      listeningThrough(own, (listener) => {
        resume = () => listener.onResumed();
        return {
          onMessage: (...message) => cutOff || listener.onMessage(...message),
          onNotice: (...notice) => listener.onNotice(...notice),
          onStored: (...stored) => listener.onStored(...stored),
          onMoved: (...moved) => cutOff || listener.onMoved?.(...moved),
          onControl: (event) => listener.onControl(event),
          onResumed: () => cutOff || listener.onResumed(),
        };
      }),
    );
  });
  afterEach(() => fixture.close());

  it('are announced to sockets of chorus.v1, and end plain ones, which cannot be told otherwise', async () => {
    const elsewhere = await fixture.start();
    const bob = await fixture.connectV1(elsewhere, BOB);
    await bob.join(ROOM);
    const ann = await fixture.connectV1(here, ANN);
    await ann.join(ROOM);
    const plain = await fixture.join(here, ROOM, ANN);
    const publish = async (content: string) => {
      bob.send({ type: 'publish', roomId: ROOM, clientMsgId: content, content });
      return bob.next((frame) => frame.type === 'ack' && frame.clientMsgId === content);
    };
    await publish('first');
    await plain.message('first');

    cutOff = true;
    for (const content of ['missed-1', 'missed-2', 'kept']) await publish(content);
    await fixture.trimHistory(ROOM, 1);
    cutOff = false;
    resume();

    const lost = await ann.next((frame) => frame.type === 'history-lost');
    expect(lost).to.include({ recoverable: true });
    expect((await plain.ended).code).to.equal(CLOSE.restart.code);
    // Nothing behind the hole.
    const received = plain.frames.flatMap((frame) => (frame.type === 'message' ? [frame.content] : []));
    expect(received).to.deep.equal(['first']);
  });
});
