/** Distance from the end that counts as the end, in pixels. */
const NEAR_END = 48;

/**
 * Keeps a log in place while lines are added at both of its ends: at its end if it was there, otherwise the first
 * visible line stays where it is. (Browsers' own scroll anchoring is not everywhere, and stops at the very top.)
 */
export class LogScroll {
  #log: HTMLElement;
  #atEnd = true;
  #size = '';
  #anchor: { readonly line: HTMLElement; readonly top: number } | undefined;

  constructor(log: HTMLElement) {
    this.#log = log;
  }

  get atEnd(): boolean {
    return this.#atEnd;
  }

  /** Pixels above the visible part. */
  get above(): number {
    return this.#log.scrollTop;
  }

  get isFilled(): boolean {
    return this.#log.scrollHeight > this.#log.clientHeight;
  }

  /** Called when the user scrolled, or the size has changed. */
  scrolled(): void {
    if (this.#sizeNow() === this.#size) this.#note();
    else this.keep();
  }

  /** Notes the current place. */
  #note(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#size = this.#sizeNow();
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    const line = this.#firstInSight();
    this.#anchor = line === undefined ? undefined : { line, top: line.offsetTop - scrollTop };
  }

  /** Returns to the noted place after a change. */
  keep(): void {
    if (this.#atEnd) this.#log.scrollTop = this.#log.scrollHeight;
    else if (this.#anchor?.line.isConnected) {
      const wanted = this.#anchor.line.offsetTop - this.#anchor.top;
      if (wanted !== this.#log.scrollTop) this.#log.scrollTop = wanted;
    }
    this.#note();
  }

  toEnd(): void {
    this.#atEnd = true;
    this.keep();
  }

  /** The end is no longer followed: a line further up will be shown. */
  leaveEnd(): void {
    this.#atEnd = false;
  }

  /** Shows a line in the upper part. */
  toLine(line: HTMLElement): void {
    this.#log.scrollTop = line.offsetTop - this.#log.clientHeight / 4;
    this.#note();
  }

  #sizeNow(): string {
    const { scrollHeight, clientHeight, clientWidth } = this.#log;
    return `${scrollHeight} ${clientHeight} ${clientWidth}`;
  }

  #firstInSight(): HTMLElement | undefined {
    const lines = this.#log.querySelectorAll<HTMLElement>('[data-row]');
    let [low, high] = [0, lines.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const line = lines[middle];
      if (line !== undefined && line.offsetTop + line.offsetHeight <= this.#log.scrollTop) low = middle + 1;
      else high = middle;
    }
    return lines[low];
  }
}
