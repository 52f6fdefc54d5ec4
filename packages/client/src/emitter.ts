type Listener<Event> = (event: Event) => void;

/** Listeners by type of event. */
export class Emitter<Events> {
  readonly #listeners: { [Type in keyof Events]?: ReadonlyArray<Listener<Events[Type]>> } = {};

  /** @returns a function that removes the listener */
  on<Type extends keyof Events>(type: Type, listener: Listener<Events[Type]>): () => void {
    // A function of its own: the same listener may be added twice, and each is removed separately.
    const own: Listener<Events[Type]> = (event) => listener(event);
    // Lists are copied, never changed, so that listeners can be added and removed while an event is emitted.
    this.#listeners[type] = [...(this.#listeners[type] ?? []), own];
    return () => {
      this.#listeners[type] = this.#listeners[type]?.filter((other) => other !== own) ?? [];
    };
  }

  emit<Type extends keyof Events>(type: Type, event: Events[Type]): void {
    for (const listener of this.#listeners[type] ?? []) {
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
