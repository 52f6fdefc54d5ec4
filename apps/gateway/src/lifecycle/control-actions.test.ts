import { once } from 'node:events';
import { Tokens } from '@chorus/auth';
import type { ControlEvent } from '@chorus/broker';
import { CLOSE, type Member } from '@chorus/protocol';
import { UnavailableError } from '@chorus/redis';
import type { PlainSocket } from '@chorus/testing';
import { patiently } from '@chorus/testing';
import { expect } from 'chai';
import type { Gateway } from '../create-gateway.js';
import { ANN, BOB, GatewayFixture, listeningThrough } from '../testing/gateways.js';

const end = ({ code, reason }: { code: number; reason: string }) => ({ code, reason });

describe('control events', () => {
  let fixture: GatewayFixture;
  let one: Gateway;
  let two: Gateway;

  beforeEach(async () => {
    fixture = new GatewayFixture();
    one = await fixture.start();
    two = await fixture.start();
    await fixture.directory.ensure(1, 0);
    await fixture.directory.ensure(2, 0);
  });
  afterEach(() => fixture.close());

  const tell = (event: ControlEvent) => fixture.directory.announce(event);

  async function open(gateway: Gateway, roomId: number, token: string): Promise<PlainSocket> {
    const socket = fixture.connect(gateway, `/ws/join-room/${roomId}`, { authorization: `Bearer ${token}` });
    await once(socket.socket, 'open');
    return socket;
  }

  async function expectOpen(socket: PlainSocket, text: string): Promise<void> {
    socket.socket.send(text);
    await socket.message(text);
  }

  function idOf(token: string): string {
    const check = fixture.tokens.verify(token);
    if (!check.ok) throw new Error(check.reason);
    return check.token.tokenId;
  }

  it('a revocation closes the sockets of the token on every gateway, and no others of the user', async () => {
    const [gone, kept] = [fixture.tokens.sign(ANN), fixture.tokens.sign(ANN)];
    const first = await open(one, 1, gone);
    const second = await open(two, 2, gone);
    const other = await open(two, 1, kept);
    await fixture.access.revoke(idOf(gone), Date.now() + 60_000);
    await tell({ type: 'token-revoked', tokenId: idOf(gone) });
    for (const socket of [first, second])
      expect(await socket.ended).to.deep.equal(end(CLOSE.unauthenticated));
    await expectOpen(other, 'still here');
    const refused = await fixture.refusal(one, '/ws/join-room/1', { authorization: `Bearer ${gone}` });
    expect([refused.status, refused.body]).to.deep.equal([401, { error: 'the token is not valid' }]);
  });

  it('a revocation during the upgrade closes the socket as soon as it is open', async () => {
    let asked: () => void = () => undefined;
    let answer: () => void = () => undefined;
    const wasAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const mayAnswer = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const slow = await fixture.start({}, (broker) => {
      const subscribe = broker.subscribe.bind(broker);
      broker.subscribe = async (roomId) => {
        if (roomId === 2) {
          asked();
          await mayAnswer;
        }
        await subscribe(roomId);
      };
      return broker;
    });
    const token = fixture.tokens.sign(ANN);
    const witness = await open(slow, 1, token);
    const opening = fixture.connect(slow, '/ws/join-room/2', { authorization: `Bearer ${token}` });
    await wasAsked;
    await tell({ type: 'token-revoked', tokenId: idOf(token) });
    await witness.ended;
    expect(slow.connections.taken).to.equal(1);
    answer();
    expect(await opening.ended).to.deep.equal(end(CLOSE.unauthenticated));
  });

  it('an operator disconnects a user, who may reconnect', async () => {
    const sockets = [await fixture.join(one, 1, ANN), await fixture.join(two, 2, ANN)];
    const other = await fixture.join(one, 1, BOB);
    await tell({ type: 'user-disconnected', userId: ANN.id });
    for (const socket of sockets) expect(await socket.ended).to.deep.equal(end(CLOSE.disconnected));
    await expectOpen(other, 'still here');
    await fixture.join(one, 1, ANN);
  });

  it('an operator removes a user from one room', async () => {
    const there = await fixture.join(one, 1, ANN);
    const elsewhere = await fixture.join(one, 2, ANN);
    await tell({ type: 'user-disconnected', userId: ANN.id, roomId: 1 });
    expect(await there.ended).to.deep.equal(end(CLOSE.disconnected));
    await expectOpen(elsewhere, 'still here');
  });

  it('a ban closes the sockets of the user and refuses new ones, for one room or for all', async () => {
    const bannedFrom = async (gateway: Gateway, roomId: number, member: Member) => {
      const { status, body } = await fixture.refusal(
        gateway,
        `/ws/join-room/${roomId}`,
        fixture.bearer(member),
      );
      return [status, body.error];
    };
    const there = await fixture.join(one, 1, ANN);
    const elsewhere = await fixture.join(two, 2, ANN);
    await fixture.access.ban({ userId: ANN.id, roomId: 1 });
    await tell({ type: 'user-banned', userId: ANN.id, roomId: 1 });
    expect(await there.ended).to.deep.equal(end(CLOSE.disconnected));
    expect(await bannedFrom(two, 1, ANN)).to.deep.equal([403, 'you are banned from this room']);
    await expectOpen(elsewhere, 'still here');
    await fixture.access.ban({ userId: ANN.id });
    await tell({ type: 'user-banned', userId: ANN.id });
    expect(await elsewhere.ended).to.deep.equal(end(CLOSE.disconnected));
    expect(await bannedFrom(one, 2, ANN)).to.deep.equal([403, 'you are banned']);
    await fixture.join(one, 1, BOB);
  });

  it("an operator's broadcast reaches each socket once", async () => {
    const sockets = [await fixture.join(one, 1, ANN), await fixture.join(two, 2, BOB)];
    await tell({ type: 'broadcast', content: 'closing at ten' });
    for (const [at, socket] of sockets.entries()) {
      expect(await socket.next(({ type }) => type === 'broadcast')).to.deep.equal({
        type: 'broadcast',
        content: 'closing at ten',
        roomId: at + 1,
        username: '',
      });
      await expectOpen(socket, 'heard');
      expect(socket.frames.filter(({ type }) => type === 'broadcast')).to.have.length(1);
    }
  });

  it('events that a gateway missed take effect as soon as it receives again', async () => {
    let resume: () => void = () => undefined;
    const deaf = await fixture.start({}, (broker) =>
      listeningThrough(broker, (listener) => {
        resume = () => listener.onResumed();
        return listener;
      }),
    );
    const token = fixture.tokens.sign(ANN);
    const revoked = await open(deaf, 1, token);
    const banned = await fixture.join(deaf, 1, BOB);
    const staying = await open(deaf, 2, fixture.tokens.sign(ANN));
    await fixture.access.revoke(idOf(token), Date.now() + 60_000);
    await fixture.access.ban({ userId: BOB.id, roomId: 1 });
    resume();
    expect(await revoked.ended).to.deep.equal(end(CLOSE.unauthenticated));
    expect(await banned.ended).to.deep.equal(end(CLOSE.disconnected));
    await expectOpen(staying, 'still here');
  });

  it('upgrades are refused while the access list cannot be read', async () => {
    fixture.access.check = () => Promise.reject(new UnavailableError('away'));
    const answer = await fixture.refusal(one, '/ws/join-room/1', fixture.bearer(ANN));
    expect([answer.status, answer.headers['retry-after']]).to.deep.equal([503, '1']);
    expect(one.connections.taken).to.equal(0);
  });

  it('the expiry of a token closes its socket, and no other', async () => {
    const short = new Tokens('a secret for tests that is long enough', Math.ceil(patiently(2))).sign(ANN);
    const expiring = await open(one, 1, short);
    const staying = await fixture.join(one, 1, BOB);
    const check = fixture.tokens.verify(short);
    if (!check.ok) throw new Error(check.reason);
    expect(await expiring.ended).to.deep.equal(end(CLOSE.unauthenticated));
    expect(Date.now()).to.be.at.least(check.token.expiresAt);
    await expectOpen(staying, 'still here');
  });
});
