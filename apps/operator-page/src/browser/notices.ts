import { byId, setText } from './dom.js';

const SHOWN_MS = 8_000;

/** Says what was done, or what went on without anybody's doing, where screen readers announce it. */
export class Notices {
  readonly #place = byId('notices', HTMLElement);
  #timer: ReturnType<typeof setTimeout> | undefined;

  say(text: string): void {
    clearTimeout(this.#timer);
    setText(this.#place, text);
    this.#timer = setTimeout(() => setText(this.#place, ''), SHOWN_MS);
  }
}
