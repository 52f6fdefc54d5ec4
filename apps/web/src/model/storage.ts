/** The part of `localStorage` that the page uses. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
  /** False for a store that ends with the page. */
  readonly lasts?: boolean;
}

/** Returns the browser's storage, or one that ends with the page if the browser allows none. */
export function browserStore(): Store {
  try {
    return localStorage;
  } catch {
    const values = new Map<string, string>();
    return {
      getItem: (key) => values.get(key) ?? null,
      setItem: (key, value) => void values.set(key, value),
      removeItem: (key) => void values.delete(key),
      lasts: false,
    };
  }
}

const PROBE = 'chorus:probe';

/** Whether stored values can be read again: storage may be full. */
function keeps(store: Store): boolean {
  if (store.lasts === false) return false;
  store.setItem(PROBE, '1');
  const kept = store.getItem(PROBE) !== null;
  store.removeItem(PROBE);
  return kept;
}

const SIGNED_IN = 'chorus:signed-in';

/** Notes whether a user may be signed in: scripts cannot read the cookie itself. */
export class SignedInNote {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Also true if the browser keeps nothing: then only the server knows. */
  get isThere(): boolean {
    try {
      return this.#store.getItem(SIGNED_IN) !== null || !keeps(this.#store);
    } catch {
      return true;
    }
  }

  keep(signedIn: boolean): void {
    try {
      if (signedIn) this.#store.setItem(SIGNED_IN, '1');
      else this.#store.removeItem(SIGNED_IN);
    } catch {
      // Storing is not allowed.
    }
  }
}

/** What the browser keeps for one user: unsent drafts, and whether the user wants notifications. */
export class Memory {
  readonly #store: Store;
  readonly #prefix: string;

  /** @param store may fail: then the data is lost with the page */
  constructor(store: Store, userId: number) {
    this.#store = store;
    this.#prefix = `chorus:${userId}:`;
  }

  /** Whether the user wants notifications; undefined before the user was asked. */
  get notifications(): boolean | undefined {
    const wanted = this.#read('notifications');
    return typeof wanted === 'boolean' ? wanted : undefined;
  }

  set notifications(wanted: boolean) {
    this.#write('notifications', wanted);
  }

  draft(roomId: number): string {
    const draft = this.#read(`draft:${roomId}`);
    return typeof draft === 'string' ? draft : '';
  }

  keepDraft(roomId: number, draft: string): void {
    if (draft === '') this.#forget(`draft:${roomId}`);
    else this.#write(`draft:${roomId}`, draft);
  }

  /** Deletes everything about a room. */
  forgetRoom(roomId: number): void {
    this.#forget(`draft:${roomId}`);
  }

  #read(key: string): unknown {
    try {
      return JSON.parse(this.#store.getItem(this.#prefix + key) ?? 'null');
    } catch {
      return undefined;
    }
  }

  #write(key: string, value: unknown): void {
    try {
      this.#store.setItem(this.#prefix + key, JSON.stringify(value));
    } catch {
      // Storage is full, or not allowed.
    }
  }

  #forget(key: string): void {
    try {
      this.#store.removeItem(this.#prefix + key);
    } catch {
      // Storing is not allowed.
    }
  }
}
