import { useSyncExternalStore } from 'react';
import { batch } from './batch.js';

/** What a store reads while it has subscribers. */
export interface Source<Value> {
  read(): Value;
  stop(): void;
  /** Whether the source will not change any more, so that the next subscriber starts another one. */
  ended?(): boolean;
}

/**
 * How long a source stays after its last subscriber, in milliseconds. Strict Mode unmounts and mounts components at once, and an application
 * may move a component to another place: neither leaves a room.
 */
const KEEP_MS = 1_000;

/**
 * A value for `useSyncExternalStore`. It changes only when a batch is applied, so all components of a commit see the same. It reads its
 * source while it has subscribers; without them, and so on a server, it is the initial value.
 */
export class Store<Value extends object> {
  readonly #initial: Value;
  readonly #start: (changed: () => void) => Source<Value>;
  readonly #listeners = new Set<() => void>();
  #value: Value;
  #source: Source<Value> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param start begins to read; calls its argument after each change */
  constructor(initial: Value, start: (changed: () => void) => Source<Value>) {
    this.#initial = this.#value = initial;
    this.#start = start;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    clearTimeout(this.#timer);
    if (this.#listeners.size === 0 && this.#source?.ended?.()) this.#stop();
    this.#listeners.add(listener);
    if (!this.#source) {
      this.#source = this.#start(() => batch(this.#update));
      this.#update();
    }
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#timer = setTimeout(() => this.#stop(), KEEP_MS);
    };
  };

  readonly get = (): Value => this.#value;

  readonly getInitial = (): Value => this.#initial;

  readonly #update = (): void => {
    const now = this.#source?.read();
    if (!now || isSame(now, this.#value)) return;
    this.#value = now;
    for (const listener of this.#listeners) listener();
  };

  #stop(): void {
    this.#source?.stop();
    this.#source = undefined;
    this.#value = this.#initial;
  }
}

export function useStore<Value extends object>({ subscribe, get, getInitial }: Store<Value>): Value {
  return useSyncExternalStore(subscribe, get, getInitial);
}

/** Whether the properties of two values are the same. */
function isSame<Value extends object>(one: Value, other: Value): boolean {
  return (Object.keys(one) as Array<keyof Value>).every((key) => Object.is(one[key], other[key]));
}
