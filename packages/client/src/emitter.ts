type Listener<Event> = (event: Event) => void;

/** Listeners by type of event. */
export class Emitter<Events> {
  readonly #listeners: { [Type in keyof Events]?: Set<Listener<Events[Type]>> } = {};

  /** @returns a function that removes the listener */
  on<Type extends keyof Events>(type: Type, listener: Listener<Events[Type]>): () => void {
    // A function of its own: the same listener may be added twice, and each is removed separately.
    const own: Listener<Events[Type]> = (event) => listener(event);
    this.#listeners[type] = (this.#listeners[type] ?? new Set()).add(own);
    return () => void this.#listeners[type]?.delete(own);
  }

  emit<Type extends keyof Events>(type: Type, event: Events[Type]): void {
    // A copy, because listeners add and remove listeners.
    for (const listener of [...(this.#listeners[type] ?? [])]) {
      try {
        listener(event);
      } catch (error) {
        // Uncaught, as with the platform's own events: other listeners still run.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
