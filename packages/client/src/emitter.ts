type Listener<Event> = (event: Event) => void;

/** Listeners by the type of the event. */
export class Emitter<Events> {
  readonly #listeners: { [Type in keyof Events]?: ReadonlyArray<Listener<Events[Type]>> } = {};

  /** @returns a function that ends it */
  on<Type extends keyof Events>(type: Type, listener: Listener<Events[Type]>): () => void {
    // An own function: the same listener may be there twice, and each is ended by itself.
    const own: Listener<Events[Type]> = (event) => listener(event);
    // Lists are never changed, so that who listens and who stops while an event is told makes no difference to it.
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

/** What a listener throws becomes an uncaught error, as with the platform's own events, and stops nobody. */
function call<Event>(listener: Listener<Event>, event: Event): void {
  try {
    listener(event);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
