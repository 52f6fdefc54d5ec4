import type { ClientFrame, Member, Position, V1ServerFrame } from '@chorus/protocol';
import type { V1Socket } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../../create-gateway.js';
import { ANN, BOB, GatewayFixture } from '../../testing/gateways.js';
import { RedisGatewayFixture } from '../../testing/redis-gateways.js';

const EVE: Member = { id: 3, username: 'eve' };
const ROOM = 1;

type ErrorFrame = Extract<V1ServerFrame, { type: 'error' }>;
type Changing = Extract<ClientFrame, { target: unknown }>;
type Without<T> = T extends Changing ? Omit<T, 'roomId'> : never;

for (const [name, open] of [
  ['memory', async () => new GatewayFixture()],
  ['Redis', () => RedisGatewayFixture.open()],
] as const) {
  describe(`changes of messages: ${name}`, () => {
    let fixture: GatewayFixture;
    let gateways: Gateway[];
    let ann: V1Socket;
    let bob: V1Socket;
    let target: Position;

    beforeEach(async () => {
      fixture = await open();
      gateways = [await fixture.start(), await fixture.start(), await fixture.start()];
      await fixture.directory.ensure(ROOM, 0);
      ann = await socketOf(0, ANN);
      bob = await socketOf(1, BOB);
      const { epoch, seq } = await ann.publish(ROOM, 'hello', 'a1');
      target = { epoch, seq };
    });
    afterEach(() => fixture.close());

    const gateway = (index: number): Gateway => {
      const found = gateways[index];
      if (found === undefined) throw new Error('no such gateway');
      return found;
    };

    async function socketOf(index: number, member: Member, since?: Position): Promise<V1Socket> {
      const socket = await fixture.connectV1(gateway(index), member);
      await socket.join(ROOM, since);
      return socket;
    }

    const change = (socket: V1Socket, frame: Without<Changing>) => {
      socket.send({ roomId: ROOM, ...frame } as ClientFrame);
      return socket.ack(frame.clientMsgId);
    };
    const refusal = async (socket: V1Socket, frame: Without<Changing>): Promise<ErrorFrame> => {
      socket.send({ roomId: ROOM, ...frame } as ClientFrame);
      const fits = (each: V1ServerFrame) => each.type === 'error' && each.clientMsgId === frame.clientMsgId;
      return (await socket.next(fits)) as ErrorFrame;
    };

    it('reach the sockets of every gateway, with an ack for their sender', async () => {
      const eve = await socketOf(2, EVE);
      const edited = await change(ann, {
        type: 'edit',
        clientMsgId: 'e1',
        target,
        content: 'hi',
        data: { a: 1 },
      });
      expect(edited).to.deep.include({ epoch: target.epoch, seq: target.seq + 1 });
      await change(ann, { type: 'append', clientMsgId: 'e2', target, text: ' all' });
      await change(bob, { type: 'react', clientMsgId: 'b1', target, reaction: '👍' });
      await change(bob, { type: 'unreact', clientMsgId: 'b2', target, reaction: '👍' });
      await change(ann, { type: 'delete', clientMsgId: 'e3', target });
      const seen = [];
      for (let index = 0; index < 5; index++) {
        const { epoch, id, sentAt, ...frame } = (await eve.of('change')) as Record<string, unknown>;
        expect([epoch, typeof id, typeof sentAt]).to.deep.equal([target.epoch, 'string', 'number']);
        seen.push(frame);
      }
      const at = (n: number, change: string, by: Member, clientMsgId: string) => ({
        ...{ seq: target.seq + n, type: 'change', change, target },
        ...{ roomId: ROOM, userId: by.id, username: by.username, clientMsgId },
      });
      const deleted = seen.pop();
      expect(seen).to.deep.equal([
        { ...at(1, 'edited', ANN, 'e1'), content: 'hi', data: { a: 1 } },
        { ...at(2, 'appended', ANN, 'e2'), text: ' all' },
        { ...at(3, 'reacted', BOB, 'b1'), reaction: '👍' },
        { ...at(4, 'unreacted', BOB, 'b2'), reaction: '👍' },
      ]);
      expect(deleted).to.deep.include({ ...at(5, 'deleted', ANN, 'e3'), author: ANN, n: target.seq });
    });

    it('are made once, however often they are sent', async () => {
      const again = await socketOf(2, ANN);
      const first = await change(ann, { type: 'append', clientMsgId: 'e1', target, text: '!' });
      const second = await change(again, { type: 'append', clientMsgId: 'e1', target, text: '!' });
      expect(second).to.deep.equal(first);
      const next = await change(ann, { type: 'append', clientMsgId: 'e2', target, text: '?' });
      expect(next.seq).to.equal(first.seq + 1);
    });

    it('keep the order in which one socket sends them, with messages between them', async () => {
      const { epoch, seq } = await ann.publish(ROOM, 'growing', 'a2');
      const growing = { epoch, seq };
      ann.forget();
      const sent = Array.from({ length: 20 }, (_, index) => `w${index}`);
      for (const word of sent) {
        ann.send({ type: 'append', roomId: ROOM, clientMsgId: word, target: growing, text: word });
        ann.send({ type: 'publish', roomId: ROOM, clientMsgId: `m${word}`, content: word });
      }
      await ann.ack(`m${sent.at(-1)}`);
      const entries = [];
      while (entries.length < 2 * sent.length) {
        entries.push(
          await bob.next((frame) => frame.type === 'change' || (frame.type === 'message' && frame.seq > seq)),
        );
      }
      const texts = entries.map((entry) => {
        if (entry.type === 'message') return `m${entry.content}`;
        return entry.type === 'change' && entry.change === 'appended' ? entry.text : entry.type;
      });
      expect(texts).to.deep.equal(sent.flatMap((word) => [word, `m${word}`]));
    });

    it('are refused to users who are not the author', async () => {
      const attempts = [
        { type: 'edit', clientMsgId: 'b1', target, content: 'mine' },
        { type: 'append', clientMsgId: 'b2', target, text: 'mine' },
        { type: 'delete', clientMsgId: 'b3', target },
      ] as const;
      const codes = [];
      for (const attempt of attempts) codes.push((await refusal(bob, attempt)).code);
      expect(codes).to.deep.equal(['not_author', 'not_author', 'role_required']);
    });

    it('are refused for what is no message', async () => {
      const { seq } = await change(ann, { type: 'react', clientMsgId: 'e1', target, reaction: 'x' });
      const edit = async (clientMsgId: string, at: Position) =>
        (await refusal(ann, { type: 'edit', clientMsgId, target: at, content: 'x' })).code;
      expect(await edit('e2', { epoch: target.epoch, seq })).to.equal('message_not_found');
      expect(await edit('e3', { epoch: target.epoch, seq: seq + 100 })).to.equal('message_not_found');
      expect(await edit('e4', { epoch: target.epoch, seq: 0 })).to.equal('message_not_recent');
      expect(await edit('e5', { epoch: 1, seq: 1 })).to.equal('message_not_recent');
    });

    it('need a joined room', async () => {
      const eve = await fixture.connectV1(gateway(2), EVE);
      const answer = await refusal(eve, { type: 'react', clientMsgId: 'x', target, reaction: 'x' });
      expect(answer.code).to.equal('not_joined');
    });

    it('reach a client that returns, and no plain socket', async () => {
      const since = target;
      const plain = await fixture.join(gateway(2), ROOM, EVE);
      await change(ann, { type: 'edit', clientMsgId: 'e1', target, content: 'hi' });
      await change(ann, { type: 'append', clientMsgId: 'e2', target, text: '!' });
      const last = await ann.publish(ROOM, 'after', 'a2');
      const returned = await socketOf(2, EVE, since);
      await returned.next((frame) => frame.type === 'message' && frame.content === 'after');
      const entries = returned.frames.filter(({ type }) => type === 'message' || type === 'change');
      expect(entries.map((frame) => ('change' in frame ? frame.change : 'message'))).to.deep.equal([
        'edited',
        'appended',
        'message',
      ]);
      const resumed = await fixture.join(gateway(2), ROOM, EVE, `?since=${since.epoch}-${since.seq}`);
      for (const socket of [plain, resumed]) {
        const message = await socket.message('after');
        expect(message).to.deep.include({ seq: last.seq, n: target.seq + 1 });
        const types = socket.frames.map((frame) => (frame as { type: string }).type);
        expect(types).not.to.include('change');
      }
    });

    it('give a message a limited number of different reactions, on every gateway', async () => {
      const limit = { MAX_REACTIONS: '2' };
      const one = await fixture.connectV1(await fixture.start(limit), ANN);
      const two = await fixture.connectV1(await fixture.start(limit), BOB);
      for (const socket of [one, two]) await socket.join(ROOM);
      const other = await one.publish(ROOM, 'other', 'a2');
      await change(one, { type: 'react', clientMsgId: 'x', target: other, reaction: 'x' });
      await change(ann, { type: 'react', clientMsgId: 'r0', target, reaction: 'z' });
      await change(ann, { type: 'unreact', clientMsgId: 'r1', target, reaction: 'z' });
      await change(one, { type: 'react', clientMsgId: 'r2', target, reaction: 'a' });
      await change(one, { type: 'react', clientMsgId: 'r3', target, reaction: 'b' });
      await two.next((frame) => frame.type === 'change' && 'reaction' in frame && frame.reaction === 'b');
      for (const [socket, id] of [
        [one, 'r4'],
        [two, 'r5'],
      ] as const) {
        const refused = await refusal(socket, { type: 'react', clientMsgId: id, target, reaction: 'c' });
        expect(refused).to.include({
          code: 'too_many_reactions',
          error: 'a message has at most 2 different reactions',
        });
      }
      await change(two, { type: 'react', clientMsgId: 'r6', target, reaction: 'a' });
      await change(two, { type: 'react', clientMsgId: 'r7', target: other, reaction: 'c' });
    });

    it('are limited', async () => {
      const small = await fixture.start({
        ...{ MAX_MESSAGE_LENGTH: '10', MAX_DATA_BYTES: '16', MAX_MENTIONS: '1', MAX_REACTION_LENGTH: '2' },
      });
      const socket = await fixture.connectV1(small, ANN);
      await socket.join(ROOM);
      const codes: string[] = [];
      const attempt = async (frame: Without<Changing>) => codes.push((await refusal(socket, frame)).code);
      await attempt({ type: 'edit', clientMsgId: 'e1', target, content: 'more than ten' });
      await attempt({ type: 'edit', clientMsgId: 'e2', target, content: 'x', data: { text: 'too much' } });
      await attempt({ type: 'edit', clientMsgId: 'e3', target, content: 'x', mentions: [1, 2] });
      await attempt({ type: 'edit', clientMsgId: 'e4', target, content: 'x', mentions: ['room'] });
      await attempt({ type: 'react', clientMsgId: 'e5', target, reaction: 'abc' });
      await attempt({ type: 'edit', clientMsgId: 'e6', target, content: 'a\0b' });
      await attempt({ type: 'edit', clientMsgId: 'e7', target, content: 'a', data: { a: '\0' } });
      await change(socket, { type: 'append', clientMsgId: 'e8', target, text: '12345' });
      await attempt({ type: 'append', clientMsgId: 'e9', target, text: '6' });
      expect(codes).to.deep.equal([
        ...['message_too_long', 'data_too_large', 'too_many_mentions', 'role_required', 'reaction_too_long'],
        ...['bad_content', 'bad_content', 'message_too_long'],
      ]);
    });
  });
}

describe('a message with more than a text', () => {
  it('may reply to a position without a message', async () => {
    const fixture = new GatewayFixture();
    try {
      await fixture.directory.ensure(ROOM, 0);
      const ann = await fixture.connectV1(await fixture.start(), ANN);
      await ann.join(ROOM);
      const replyTo = { epoch: 5, seq: 5 };
      ann.send({ type: 'publish', roomId: ROOM, clientMsgId: 'a1', content: 'reply', replyTo });
      const isReply = (frame: V1ServerFrame) => frame.type === 'message' && frame.content === 'reply';
      expect(await ann.next(isReply)).to.deep.include({ replyTo });
    } finally {
      await fixture.close();
    }
  });

  it('arrives with its reply, mentions and data, and others keep their bytes', async () => {
    const fixture = new GatewayFixture();
    try {
      const one = await fixture.start();
      const two = await fixture.start();
      await fixture.directory.ensure(ROOM, 0);
      const ann = await fixture.connectV1(one, ANN);
      const bob = await fixture.connectV1(two, BOB);
      const plain = await fixture.join(two, ROOM, BOB);
      for (const socket of [ann, bob]) await socket.join(ROOM);
      const { epoch, seq } = await ann.publish(ROOM, 'hello', 'a1');
      const replyTo = { epoch, seq };
      const more = { mentions: [BOB.id], replyTo, data: { mood: 'good', deep: [1, { a: null }] } };
      ann.send({ type: 'publish', roomId: ROOM, clientMsgId: 'a2', content: 'again', ...more });
      await ann.ack('a2');
      const found = await bob.next((frame) => frame.type === 'message' && frame.content === 'again');
      expect(found).to.deep.include(more);
      expect(await plain.message('again')).to.deep.include({
        content: 'again',
        roomId: ROOM,
        username: 'ann',
      });
    } finally {
      await fixture.close();
    }
  });
});
