import { byId, setText } from './dom.js';

const SHOWN_MS = 8_000;

/** Shows what was done, or what happened by itself, where screen readers announce it. */
export class Notices {
  readonly #place = byId('notices', HTMLElement);
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string): void {
    clearTimeout(this.#timer);
    setText(this.#place, text);
    this.#timer = setTimeout(() => setText(this.#place, ''), SHOWN_MS);
  }
}
