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
    const listeners = this.#listeners[type];
    if (listeners !== undefined) for (const listener of listeners) call(listener, event);
  }
}

/**
 * An exception of a listener becomes an uncaught error, as with the platform's own events, and other listeners still
 * run.
 */
function call<Event>(listener: Listener<Event>, event: Event): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
