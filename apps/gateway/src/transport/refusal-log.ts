import type { HttpErrorCode } from '@chorus/protocol';
import type { Logger } from '@chorus/service';

/** Minimum interval between lines, in milliseconds. */
const LINE_EVERY_MS = 1_000;
/** Maximum length of a client's text in the log, in characters. */
const MAX_TEXT = 200;

export interface RefusedUpgrade {
  readonly reason: HttpErrorCode;
  readonly status: number;
  readonly path: string;
  readonly error: string;
  readonly requestId: string | undefined;
}

/**
 * Logs refused upgrades: at most one line per second, with the last refusal and counts by reason. A client that is
 * refused thousands of times per second neither fills the log nor keeps the process busy.
 */
export class RefusalLog {
  #counts = new Map<HttpErrorCode, number>();
  #last: RefusedUpgrade | undefined;
  #wroteAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly log: Pick<Logger, 'info'>) {}

  refused(upgrade: RefusedUpgrade): void {
    this.#counts.set(upgrade.reason, (this.#counts.get(upgrade.reason) ?? 0) + 1);
    this.#last = upgrade;
    if (this.#timer !== undefined) return;
    const wait = this.#wroteAt + LINE_EVERY_MS - performance.now();
    if (wait <= 0) this.#write();
    else this.#timer = setTimeout(() => this.#write(), wait).unref();
  }

  #write(): void {
    this.#timer = undefined;
    const last = this.#last;
    if (last === undefined) return;
    const { status, path, error, requestId } = last;
    const refused = Object.fromEntries(this.#counts);
    this.#counts = new Map();
    this.#wroteAt = performance.now();
    this.log.info({ path: path.slice(0, MAX_TEXT), status, error, requestId, refused }, 'upgrade refused');
  }
}
