/** This close to the end counts as there, in pixels. */
const NEAR_END = 48;

/**
 * Keeps a log where it is while lines are added at both of its ends: at its end if it was there, else the first line in sight
 * stays in its place. (Browsers' own scroll anchoring is not everywhere, and stops at the very top.)
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

  /** Pixels above what is in sight. */
  get above(): number {
    return this.#log.scrollTop;
  }

  get isFilled(): boolean {
    return this.#log.scrollHeight > this.#log.clientHeight;
  }

  /** It was scrolled, by somebody or because it has another size now. */
  scrolled(): void {
    if (this.#sizeNow() === this.#size) this.#note();
    else this.keep();
  }

  /** Notes where it is. */
  #note(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#log;
    this.#size = this.#sizeNow();
    this.#atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    const line = this.#firstInSight();
    this.#anchor = line === undefined ? undefined : { line, top: line.offsetTop - scrollTop };
  }

  /** Something has changed: goes back to where it was. */
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
