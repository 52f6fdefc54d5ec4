import type { Published } from '@chorus/broker';
import { UnavailableError } from '@chorus/redis';
import type { PastSpan } from '@chorus/service';
import { expect } from 'chai';
import { drawOf, traceOf } from './message-trace-ids.js';
import { MessageTracer } from './message-tracer.js';

const ROOM = 5;
const EPOCH = 1_795_400_769_089;
const FRAME = new Uint8Array();

describe('the traces of messages', () => {
  let spans: PastSpan[];
  let clock: number;
  let traces: MessageTracer;
  const make = (share: number): MessageTracer =>
    new MessageTracer({ share, record: (span) => spans.push(span) }, () => clock);
  beforeEach(() => {
    spans = [];
    clock = 100;
    traces = make(1);
  });

  const place = (seq: number): Published => ({ epoch: EPOCH, seq });
  const { traceId, spanId } = traceOf(ROOM, place(1));
  const arrive = (seq: number): void => {
    traces.arriving(silent).onMessage(ROOM, place(seq), FRAME);
  };
  const silent = {
    onMessage: () => undefined,
    onNotice: () => undefined,
    onStored: () => undefined,
    onControl: () => undefined,
    onResumed: () => undefined,
  };
  const publish = async (result: Promise<Published>): Promise<void> => {
    const publishing = traces.publishing(() => result)(ROOM, '');
    clock += 7;
    await publishing.catch(() => undefined);
  };

  it('begin with a publish span, from the call to the position', async () => {
    await publish(Promise.resolve(place(1)));
    expect(spans).to.deep.equal([
      {
        name: 'publish',
        kind: 'producer',
        startedAt: 100,
        endedAt: 107,
        attributes: { 'chorus.room': ROOM, 'chorus.position': `${EPOCH}-1` },
        trace: { traceId, spanId },
      },
    ]);
  });

  it('continue with a deliver span, from the arrival to the delivery', () => {
    arrive(1);
    clock += 4;
    traces.delivered(ROOM, place(1), 3);
    expect(spans).to.deep.equal([
      {
        name: 'deliver',
        kind: 'consumer',
        startedAt: 100,
        endedAt: 104,
        attributes: { 'chorus.room': ROOM, 'chorus.position': `${EPOCH}-1`, 'chorus.sockets': 3 },
        trace: { traceId, parentId: spanId },
      },
    ]);
  });

  it('mark a repeated message, below its first publish span', async () => {
    await publish(Promise.resolve({ ...place(1), repeated: true }));
    expect(spans[0]).to.have.deep.property('trace', { traceId, parentId: spanId });
    expect(spans[0]?.attributes).to.have.property('chorus.repeated', true);
  });

  it('mark a message that was read from the stream because it did not arrive', () => {
    traces.delivered(ROOM, place(1), 1);
    expect(spans[0]).to.include({ startedAt: 100, endedAt: 100 });
    expect(spans[0]?.attributes).to.have.property('chorus.repaired', true);
  });

  it('have no span for a delivery without sockets', () => {
    arrive(1);
    traces.delivered(ROOM, place(1), 0);
    expect(spans).to.deep.equal([]);
  });

  it('record a failed publish, whose error the sender gets as well', async () => {
    const failure = new UnavailableError('away');
    const publishing = traces.publishing(() => Promise.reject(failure))(ROOM, '');
    expect(await publishing.catch((error: unknown) => error)).to.equal(failure);
    expect(spans[0]).to.include({ name: 'publish', error: 'UnavailableError', endedAt: 100 });
    expect(spans[0]).not.to.have.property('trace');
  });

  it('agree between all nodes', async () => {
    traces = make(0.1);
    const traced = Array.from({ length: 300 }, (_, n) => n + 1).filter(
      (seq) => drawOf(ROOM, place(seq)) < 0.1,
    );
    expect(traced.length).to.be.within(10, 60);
    for (let seq = 1; seq <= 300; seq++) {
      await publish(Promise.resolve(place(seq)));
      arrive(seq);
      traces.delivered(ROOM, place(seq), 1);
    }
    const positions = (name: string) =>
      spans.filter((span) => span.name === name).map(({ attributes }) => attributes?.['chorus.position']);
    expect(positions('publish')).to.deep.equal(traced.map((seq) => `${EPOCH}-${seq}`));
    expect(positions('deliver')).to.deep.equal(positions('publish'));
    expect(spans.some(({ attributes }) => attributes?.['chorus.repaired'])).to.equal(false);
  });

  it('forget messages that are never delivered', () => {
    arrive(1);
    for (let seq = 2; seq <= 1_001; seq++) arrive(seq);
    clock += 50;
    traces.delivered(ROOM, place(2), 1);
    traces.delivered(ROOM, place(1), 1);
    expect(spans.map(({ startedAt }) => startedAt)).to.deep.equal([100, 150]);
  });

  it('pass on every event', () => {
    const heard: unknown[] = [];
    const listener = traces.arriving({
      onMessage: (...args) => heard.push(args),
      onNotice: (...args) => heard.push(args),
      onStored: (...args) => heard.push(args),
      onControl: (event) => heard.push(event),
      onResumed: () => heard.push('resumed'),
    });
    listener.onMessage(ROOM, place(1), FRAME);
    listener.onNotice(ROOM, FRAME);
    listener.onStored(ROOM, place(1));
    listener.onControl({ type: 'room-deleted', roomId: ROOM });
    listener.onResumed();
    expect(heard).to.deep.equal([
      [ROOM, place(1), FRAME],
      [ROOM, FRAME],
      [ROOM, place(1)],
      { type: 'room-deleted', roomId: ROOM },
      'resumed',
    ]);
  });
});
