import { expect } from 'chai';
import { Memory, SignedInNote, type Store } from './storage.js';

class MapStore implements Store {
  readonly values = new Map<string, string>();
  getItem(key: string): string | null {
    return this.values.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.values.set(key, value);
  }
  removeItem(key: string): void {
    this.values.delete(key);
  }
}

describe("the browser's storage", () => {
  it('keeps data for the next page, separately per user', () => {
    const store = new MapStore();
    const memory = new Memory(store, 1);
    expect(memory.notifications).to.equal(undefined);
    memory.notifications = false;
    memory.keepDraft(3, 'half a sen');
    const again = new Memory(store, 1);
    expect(again.notifications).to.equal(false);
    expect(again.draft(3)).to.equal('half a sen');
    expect(again.draft(1)).to.equal('');
    const other = new Memory(store, 2);
    expect([other.notifications, other.draft(3)]).to.deep.equal([undefined, '']);
  });

  it('keeps nothing of a left room or a sent draft', () => {
    const store = new MapStore();
    const memory = new Memory(store, 1);
    memory.keepDraft(3, 'x');
    memory.keepDraft(4, 'y');
    memory.forgetRoom(3);
    memory.keepDraft(4, '');
    expect(store.values.size).to.equal(0);
  });

  it('records whether a user may be signed in; yes if it cannot be known', () => {
    const store = new MapStore();
    const note = new SignedInNote(store);
    expect(note.isThere).to.equal(false);
    note.keep(true);
    expect(note.isThere).to.equal(true);
    note.keep(false);
    expect([note.isThere, store.values.size]).to.deep.equal([false, 0]);
    const full: Store = {
      ...{ getItem: () => null, removeItem: () => {} },
      setItem: () => {
        throw new Error('full');
      },
    };
    const ofThePage = Object.assign(new MapStore(), { lasts: false });
    for (const unreliable of [full, ofThePage]) {
      expect(new SignedInNote(unreliable).isThere).to.equal(true);
      new SignedInNote(unreliable).keep(true);
    }
  });

  it('ignores nonsense, and failures to store', () => {
    const broken: Store = {
      getItem: () => '{"rooms',
      setItem: () => {
        throw new Error('full');
      },
      removeItem: () => {
        throw new Error('not allowed');
      },
    };
    const memory = new Memory(broken, 1);
    memory.notifications = true;
    memory.forgetRoom(1);
    expect([memory.notifications, memory.draft(1)]).to.deep.equal([undefined, '']);
    const strange: Store = { getItem: () => '["a",0]', setItem: () => {}, removeItem: () => {} };
    expect([new Memory(strange, 1).notifications, new Memory(strange, 1).draft(1)]).to.deep.equal([
      undefined,
      '',
    ]);
  });
});
