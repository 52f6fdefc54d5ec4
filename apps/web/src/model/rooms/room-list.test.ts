import { ChorusError, type RoomInfo } from '@chorus/client';
import { expect } from 'chai';
import { RoomList, type RoomsApi } from './room-list.js';

const roomOf = (id: number, name: string): RoomInfo => ({
  id,
  name,
  kind: 'public',
  topic: '',
  slowModeSeconds: 0,
  retentionDays: null,
  role: null,
  createdBy: 1,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
});

/** Rooms in memory, in pages of two. */
class FewRooms implements RoomsApi {
  all: RoomInfo[];
  pages = 0;
  broken = false;

  constructor(...names: string[]) {
    this.all = names.map((name, index) => roomOf(index + 1, name));
  }

  async rooms({ cursor = 0 }: { cursor?: number | undefined } = {}) {
    this.#check();
    this.pages += 1;
    const rooms = this.all.filter(({ id }) => id > cursor).slice(0, 2);
    const last = rooms.at(-1)?.id ?? cursor;
    return { rooms, nextCursor: this.all.some(({ id }) => id > last) ? last : null };
  }

  async room(id: number): Promise<RoomInfo> {
    this.#check();
    const found = this.all.find((room) => room.id === id);
    if (found === undefined)
      throw new ChorusError('room_not_found', 'there is no such room', false, { status: 404 });
    return found;
  }

  async createRoom({ name }: { name: string }): Promise<RoomInfo> {
    this.#check();
    const room = roomOf(this.all.length + 1, name);
    this.all.push(room);
    return room;
  }

  async changeRoom(id: number, { name = '' }: { name?: string | undefined }): Promise<RoomInfo> {
    this.all = this.all.map((room) => (room.id === id ? { ...room, name } : room));
    return this.room(id);
  }

  async deleteRoom(id: number): Promise<void> {
    this.#check();
    this.all = this.all.filter((room) => room.id !== id);
  }

  #check(): void {
    if (this.broken) throw new ChorusError('network', 'no answer', true);
  }
}

const found = (list: RoomList): string[] => list.found.value.map(({ name }) => name);

describe('the list of rooms', () => {
  it('is read page by page, and concurrent readers share one request', async () => {
    const api = new FewRooms('cellar', 'attic', 'balcony');
    const list = new RoomList(api);
    await Promise.all([list.more(), list.more()]);
    expect([found(list), list.state.value, api.pages]).to.deep.equal([['attic', 'cellar'], 'partial', 1]);
    await list.more();
    expect([found(list), list.state.value]).to.deep.equal([['attic', 'balcony', 'cellar'], 'complete']);
    await list.more();
    expect(api.pages).to.equal(2);
  });

  it('finds rooms by a part of the name in any case and accents, also on pages not read yet', async () => {
    const list = new RoomList(new FewRooms('Café', 'attic', 'x', 'y', 'the CAFETERIA'));
    await list.more();
    list.filter.value = 'cafe';
    await list.all(() => true);
    expect(found(list)).to.deep.equal(['Café', 'the CAFETERIA']);
  });

  it('continues where it failed', async () => {
    const api = new FewRooms('a', 'b', 'c');
    const list = new RoomList(api);
    await list.more();
    api.broken = true;
    await list.all(() => true);
    expect([found(list), list.state.value]).to.deep.equal([['a', 'b'], 'failed']);
    api.broken = false;
    await list.refresh();
    expect([found(list), list.state.value]).to.deep.equal([['a', 'b', 'c'], 'complete']);
  });

  it('finds new, renamed and deleted rooms when it is refreshed, and stays unchanged when that fails', async () => {
    const api = new FewRooms('a', 'b', 'c');
    const list = new RoomList(api);
    await list.all(() => true);
    api.all = [roomOf(1, 'a2'), roomOf(3, 'c'), roomOf(4, 'd'), roomOf(5, 'e')];
    api.broken = true;
    await list.refresh();
    expect([found(list), list.state.value]).to.deep.equal([['a', 'b', 'c'], 'complete']);
    api.broken = false;
    await list.refresh();
    expect([found(list), list.state.value]).to.deep.equal([['a2', 'c', 'd', 'e'], 'complete']);
  });

  it("contains the user's own changes at once", async () => {
    const list = new RoomList(new FewRooms('a', 'b', 'c'));
    await list.more();
    const { id } = await list.create({ name: 'mine' });
    await list.change(id, { name: 'ours' });
    await list.delete(1);
    expect(found(list)).to.deep.equal(['b', 'ours']);
  });

  it('contains changes that the gateway sent, also behind the pages that were read, and keeps them when refreshed', async () => {
    const api = new FewRooms('a', 'b', 'c', 'd');
    const list = new RoomList(api);
    await list.more();
    const fifth = await api.createRoom({ name: 'e' });
    list.changed({ rooms: [fifth, { id: 2, name: 'b2', createdBy: 1 }], gone: [1, 77], complete: true });
    expect([found(list), list.state.value]).to.deep.equal([['b2', 'e'], 'partial']);
    await api.deleteRoom(1);
    await api.changeRoom(2, { name: 'b2' });
    await list.refresh();
    expect([found(list), list.state.value]).to.deep.equal([['b2', 'c', 'e'], 'partial']);
    await list.all(() => true);
    expect([found(list), list.state.value]).to.deep.equal([['b2', 'c', 'd', 'e'], 'complete']);
    await api.deleteRoom(5);
    await list.refresh();
    expect(found(list)).to.deep.equal(['b2', 'c', 'd']);
  });

  it('requests a single room, and removes it if it does not exist', async () => {
    const api = new FewRooms('a', 'b', 'c');
    const list = new RoomList(api);
    await list.look(3);
    expect(found(list)).to.deep.equal(['c']);
    api.broken = true;
    await list.look(3);
    expect(found(list)).to.deep.equal(['c']);
    api.broken = false;
    api.all = [];
    await list.look(3);
    expect(found(list)).to.deep.equal([]);
  });
});
