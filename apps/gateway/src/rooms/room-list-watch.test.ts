import { setTimeout as sleep } from 'node:timers/promises';
import type { ListedRoom, RoomsChangedFrame } from '@chorus/protocol';
import { until } from '@chorus/testing';
import { expect } from 'chai';
import { ANN, BOB, GatewayFixture } from '../testing/gateways.js';
import type { Socket } from '../transport/transport.js';
import { RoomListWatch } from './room-list-watch.js';

const PERIOD_MS = 50;

const roomOf = (id: number, name = `room ${id}`): ListedRoom => ({ id, name, createdBy: 1 });

describe('changes of the list of rooms', () => {
  let notices: RoomsChangedFrame[];
  let counters: { bytesOut: number };
  let watch: RoomListWatch;
  beforeEach(() => {
    notices = [];
    counters = { bytesOut: 0 };
    watch = new RoomListWatch({
      transport: { publish: (_topic, frame) => void notices.push(JSON.parse(Buffer.from(frame).toString())) },
      counters,
      periodMs: PERIOD_MS,
    });
  });
  afterEach(() => watch.close());

  const socket = (): Socket & { readonly frames: unknown[] } => {
    const frames: unknown[] = [];
    return {
      frames,
      send: (frame: string) => void frames.push(JSON.parse(frame)),
      subscribe: () => undefined,
    } as Partial<Socket> as Socket & { readonly frames: unknown[] };
  };
  const list = (room: ListedRoom): void => watch.control({ type: 'room-listed', room });
  const unlist = (roomId: number): void => watch.control({ type: 'room-unlisted', roomId });
  const noticed = (count: number): Promise<void> => until(() => notices.length >= count);

  it('begin with a frame that asks the client to read the list', () => {
    const one = socket();
    watch.watch(one);
    expect(one.frames).to.deep.equal([{ type: 'rooms-changed', rooms: [], gone: [], complete: false }]);
  });

  it('are sent at once after a quiet period, and then together for each period', async () => {
    watch.watch(socket());
    list(roomOf(1));
    expect(notices).to.deep.equal([{ type: 'rooms-changed', rooms: [roomOf(1)], gone: [], complete: true }]);
    list(roomOf(2));
    list(roomOf(2, 'renamed'));
    list(roomOf(3));
    unlist(1);
    unlist(3);
    expect(notices).to.have.length(1);
    await noticed(2);
    const [, second] = notices;
    expect(second).to.deep.equal({
      ...{ type: 'rooms-changed', rooms: [roomOf(2, 'renamed')], gone: [3, 1].sort(), complete: true },
      gone: second?.gone.sort(),
    });
    expect(second?.gone).to.deep.equal([1, 3]);
  });

  it('are not all sent if there are too many, and the frame says so', async () => {
    watch.watch(socket());
    list(roomOf(1));
    for (let id = 2; id < 200; id++) list(roomOf(id));
    await noticed(2);
    expect(notices[1]?.complete).to.equal(false);
    expect(notices[1]?.rooms.length).to.be.below(21);
    list(roomOf(300));
    await noticed(3);
    expect(notices[2]).to.deep.include({ rooms: [roomOf(300)], complete: true });
  });

  it('include a notice that changes may have been missed', async () => {
    watch.watch(socket());
    watch.missed();
    expect(notices).to.deep.equal([{ type: 'rooms-changed', rooms: [], gone: [], complete: false }]);
  });

  it('are serialised once, counted for each socket, and not sent without sockets', async () => {
    list(roomOf(1));
    expect(notices).to.deep.equal([]);
    const [one, two] = [socket(), socket()];
    for (const each of [one, two, two]) watch.watch(each);
    await sleep(PERIOD_MS * 2);
    list(roomOf(2));
    expect(notices).to.have.length(1);
    expect(counters.bytesOut).to.equal(2 * JSON.stringify(notices[0]).length);
    watch.left(one);
    watch.left(two);
    await sleep(PERIOD_MS * 2);
    list(roomOf(3));
    expect(notices).to.have.length(1);
  });
});

describe('a socket that watches the list of rooms', () => {
  const fixture = new GatewayFixture();
  after(() => fixture.close());

  it('gets changes on every gateway, unlike other sockets', async () => {
    const [one, two] = [await fixture.start(), await fixture.start()];
    await fixture.directory.ensure(1, 0);
    const near = await fixture.connectV1(one, ANN);
    const far = await fixture.connectV1(two, BOB);
    const other = await fixture.connectV1(two, ANN);
    const plain = await fixture.join(two, 1, ANN);
    await other.join(1);
    for (const socket of [near, far]) {
      socket.send({ type: 'watch-rooms' });
      expect(await socket.of('rooms-changed')).to.include({ complete: false });
    }
    const room = roomOf(7);
    await fixture.directory.announce({ type: 'room-listed', room });
    for (const socket of [near, far]) {
      expect(await socket.of('rooms-changed')).to.deep.equal({
        ...{ type: 'rooms-changed', rooms: [room], gone: [], complete: true },
      });
    }
    // Neither events of a room nor a closed socket change the list.
    near.socket.terminate();
    await fixture.directory.ensure(8, 0);
    await fixture.directory.announce({ type: 'room-renamed', roomId: 8, name: 'private' });
    await fixture.directory.remove(8);
    await fixture.directory.announce({ type: 'room-unlisted', roomId: 7 });
    expect(await far.of('rooms-changed')).to.deep.include({ rooms: [], gone: [7] });
    await other.publish(1, 'last', 'a');
    await plain.message('last');
    for (const { frames } of [other, plain]) {
      expect(frames.filter(({ type }) => (type as string) === 'rooms-changed')).to.deep.equal([]);
    }
  });
});
