import { type ChangeParts, encodeChange, messageEncoder, type Position } from '@chorus/protocol';
import type { FrameSocket, PlainSocket, V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';
import { RedisGatewayFixture } from '../testing/redis-gateways.js';

const BACKENDS: Readonly<Record<string, () => Promise<GatewayFixture>>> = {
  memory: async () => new GatewayFixture(),
  Redis: () => RedisGatewayFixture.open(),
};
const ROOM = 1;
const SENT_AT = 1_767_225_600_000;
/** Longest wait of a delivery for others on a busy gateway, in milliseconds. */
const WINDOW_MS = '25';

for (const [backend, open] of Object.entries(BACKENDS)) {
  describe(`changes of a room, over ${backend}`, () => {
    let fixture: GatewayFixture;
    let gateway: Gateway;
    let start: Position;
    let publish: (body: string) => Promise<Position>;

    beforeEach(async () => {
      fixture = await open();
      gateway = await fixture.start({ DELIVERY_WINDOW_MS: WINDOW_MS });
      await fixture.directory.ensure(ROOM, 0);
      const broker = await fixture.broker();
      publish = (body) => broker.publish(ROOM, body);
      start = await broker.position(ROOM);
    });
    afterEach(() => fixture.close());

    const message = (content: string): string =>
      messageEncoder(ROOM, BOB)({ content, id: 'x', sentAt: SENT_AT });
    const change = (parts: ChangeParts): string => encodeChange(ROOM, BOB, parts);
    const about = (seq: number) => ({ target: { epoch: start.epoch, seq }, id: 'x', sentAt: SENT_AT });
    const react = (seq: number, reaction = '👍'): string =>
      change({ change: 'reacted', reaction, ...about(seq) });
    const append = (seq: number, text: string): string => change({ change: 'appended', text, ...about(seq) });
    const remove = (seq: number): string =>
      change({ change: 'deleted', author: BOB, n: 1, originalSentAt: SENT_AT, ...about(seq) });
    /** Entries that a socket received: number and kind of each. */
    const entries = (socket: FrameSocket<object>): string[] =>
      socket.frames.flatMap((frame) => {
        const { type, seq, change: kind } = frame as { type: string; seq: number; change?: string };
        return type === 'message' || type === 'change' ? [`${seq} ${kind ?? type}`] : [];
      });
    const receive = async (socket: FrameSocket<object>, seq: number): Promise<void> => {
      await socket.next((frame) => (frame as { seq?: number }).seq === seq && 'id' in frame);
    };
    const since = (seq: number): string => `?since=${start.epoch}-${seq}`;

    it('reach chorus.v1 sockets in the order of the messages, and plain sockets not at all', async () => {
      const ann = await fixture.connectV1(gateway, ANN);
      await ann.join(ROOM);
      const plain = await fixture.join(gateway, ROOM, ANN);
      const bodies = Array.from({ length: 300 }, (_, index) =>
        index % 3 === 2 ? react(1, `r${index}`) : message(`m${index}`),
      );
      await Promise.all(bodies.map(publish));
      await publish(message('last'));
      for (const socket of [ann, plain]) await receive(socket, 301);
      const expected = bodies.map((_, index) => `${index + 1} ${index % 3 === 2 ? 'reacted' : 'message'}`);
      expect(entries(ann)).to.deep.equal([...expected, '301 message']);
      expect(entries(plain)).to.deep.equal([
        ...expected.filter((entry) => entry.endsWith('message')),
        '301 message',
      ]);
      const last = plain.frames.at(-1);
      expect(last).to.include({ type: 'message', content: 'last', seq: 301, n: 201 });
    });

    it('are replayed to chorus.v1 sockets only', async () => {
      await publish(message('a'));
      await publish(react(1));
      await publish(message('b'));
      const ann = await fixture.connectV1(gateway, ANN);
      expect(await ann.join(ROOM, start)).to.include({ recovered: true, seq: 3 });
      const plain = await fixture.join(gateway, ROOM, ANN, since(0));
      await publish(message('c'));
      for (const socket of [ann, plain]) await receive(socket, 4);
      expect(entries(ann)).to.deep.equal(['1 message', '2 reacted', '3 message', '4 message']);
      expect(entries(plain)).to.deep.equal(['1 message', '3 message', '4 message']);
      expect(plain.frames[0]).to.include({ type: 'recovery', recovered: true, seq: 3 });
    });

    it('at the end do not count for where a client has caught up, which may ignore them', async () => {
      await publish(message('a'));
      for (let count = 0; count < 3; count++) await publish(react(1, `r${count}`));
      const connect = async (seq: number): Promise<[V1Socket, PlainSocket]> => {
        const ann = await fixture.connectV1(gateway, ANN);
        expect(await ann.join(ROOM, { ...start, seq })).to.include({
          recovered: true,
          seq: Math.max(seq, 1),
        });
        const plain = await fixture.join(gateway, ROOM, ANN, since(seq));
        expect(await plain.next(({ type }) => type === 'recovery')).to.include({ seq: Math.max(seq, 1) });
        return [ann, plain];
      };
      const sockets = [await connect(0), await connect(1), await connect(2), await connect(4)];
      await publish(message('b'));
      for (const socket of sockets.flat()) await receive(socket as FrameSocket<object>, 5);
      const changes = ['2 reacted', '3 reacted', '4 reacted'];
      expect(sockets.map(([ann]) => entries(ann))).to.deep.equal([
        ['1 message', ...changes, '5 message'],
        [...changes, '5 message'],
        [...changes.slice(1), '5 message'],
        ['5 message'],
      ]);
      expect(sockets.map(([, plain]) => entries(plain))).to.deep.equal([
        ['1 message', '5 message'],
        ['5 message'],
        ['5 message'],
        ['5 message'],
      ]);
    });

    it('that delete a message keep its text from clients that resume', async () => {
      const other = await fixture.connectV1(gateway, ANN);
      await publish(message('secret'));
      await publish(append(1, ' secret'));
      await publish(react(1));
      // Opens the window that further clients share.
      await other.join(ROOM, start);
      await receive(other, 3);
      await publish(remove(1));
      await receive(other, 4);
      const ann = await fixture.connectV1(gateway, ANN);
      expect(await ann.join(ROOM, start)).to.include({ recovered: true });
      await receive(ann, 4);
      expect(entries(ann)).to.deep.equal(['1 erased', '2 erased', '3 reacted', '4 deleted']);
      expect(JSON.stringify(ann.frames)).not.to.contain('secret');
    });
  });
}
