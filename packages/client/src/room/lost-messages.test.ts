import { expect } from 'chai';
import type { ChorusClient } from '../chorus-client.js';
import { delivered, EPOCH, event, joined, message, reached, Stage } from '../testing/stage.js';
import type { Gap, Message } from '../types.js';
import type { Room } from './room.js';

const at = (seq: number) => ({ epoch: EPOCH, seq });

describe('a room of the client whose messages are lost', () => {
  let stage: Stage;
  let client: ChorusClient;
  let room: Room;
  const E2 = EPOCH + 1;
  const later = (seq: number) => ({ ...message(1, seq), epoch: E2 });
  const lost = (from: number, to: number, recoverable = false) =>
    ({ type: 'history-lost', roomId: 1, from: at(from), to: at(to), recoverable }) as const;
  let gaps: Gap[];
  let order: Array<number | 'gap'>;
  beforeEach(async () => {
    stage = await Stage.set();
    client = stage.client();
    room = client.join(1);
    gaps = [];
    order = [];
    room.on('gap', (gap) => {
      gaps.push(gap);
      order.push('gap');
    });
    room.on('message', ({ seq }) => order.push(seq));
  });
  afterEach(() => stage.close());

  const sees = (seq: number): Promise<Message> => delivered(room, seq);
  const told = () => gaps.map(({ from, to, error }) => [from.seq, to.seq, error.code]);

  it('reads from the history what the gateway lost, before later messages', async () => {
    const connection = await stage.connection();
    connection.say(joined(1, 4), message(1, 5));
    await sees(5);
    stage.history.messagesOf.push(message(1, 6), message(1, 7));
    connection.say(lost(5, 7, true), message(1, 8));
    await sees(8);
    expect(order).to.deep.equal([5, 6, 7, 8]);
    expect(gaps).to.deep.equal([]);
  });

  it('emits a gap when the history does not have the messages either', async () => {
    const connection = await stage.connection();
    connection.say(joined(1, 4), message(1, 5));
    await sees(5);
    stage.history.messagesOf.push(message(1, 6), later(7));
    connection.say(lost(5, 9), later(7), later(8));
    await sees(8);
    expect(order).to.deep.equal([5, 6, 'gap', 7, 8]);
    expect(told()).to.deep.equal([[6, 9, 'history_lost']]);
    expect(gaps[0]?.from.epoch).to.equal(EPOCH);
  });

  it('emits the gap although no message was sent since', async () => {
    const connection = await stage.connection();
    connection.say(joined(1, 4), message(1, 5));
    await sees(5);
    const caughtUp = reached(room, 'catching-up').then(() => reached(room, 'joined'));
    connection.say(lost(5, 9));
    await caughtUp;
    expect(told()).to.deep.equal([[5, 9, 'history_lost']]);
  });

  it('emits the gap when the loss becomes known later', async () => {
    const connection = await stage.connection();
    connection.say(joined(1, 4), message(1, 5), later(6));
    await sees(6);
    connection.say(lost(5, 9), later(7));
    await sees(7);
    expect(order).to.deep.equal([5, 6, 'gap', 7]);
    expect(told()).to.deep.equal([[5, 9, 'history_lost']]);
  });

  it('emits no gap for messages that it has, or that were sent before it joined', async () => {
    const connection = await stage.connection();
    connection.say(joined(1, 4), message(1, 5), message(1, 6), later(6));
    await event<Message>(
      (listener) => room.on('message', listener),
      ({ epoch }) => epoch === E2,
    );
    connection.say(lost(5, 6), { ...lost(2, 6), to: { epoch: EPOCH - 1, seq: 9 } }, later(7));
    await sees(7);
    expect(order).to.deep.equal([5, 6, 6, 7]);
    expect(stage.history.asked).to.deep.equal([]);
  });

  it('emits the gap on a join that resumes before the loss', async () => {
    (await stage.connection()).say(joined(1, 4), message(1, 5));
    await sees(5);
    client.disconnect();
    client.connect();
    stage.history.messagesOf.push(later(6));
    const back = await stage.connection();
    back.say(joined(1, 6, false, 0, E2), lost(5, 9), later(7));
    await sees(7);
    expect(order).to.deep.equal([5, 'gap', 6, 7]);
    expect(told()).to.deep.equal([[5, 9, 'history_lost']]);
  });
});
