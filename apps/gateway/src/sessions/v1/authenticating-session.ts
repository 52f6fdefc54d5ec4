import { authenticateFrame, CLOSE, type CloseReason, Refusal } from '@chorus/protocol';
import { type Admission, subjectOf } from '../../connections/admission.js';
import type { ConnectionSlot } from '../../connections/connection-slot.js';
import type { Session, Socket } from '../../transport/transport.js';
import type { V1Context } from './context.js';
import { V1Session } from './session.js';

/** Timeout of the first frame, in milliseconds. */
const FIRST_FRAME_MS = 5_000;

/**
 * A `chorus.v1` socket that was opened without a token: its first frame must carry one. A {@link V1Session} then takes
 * over.
 */
export class AuthenticatingSession implements Session {
  #socket: Socket | undefined;
  #session: V1Session | undefined;
  #timer: NodeJS.Timeout | undefined;
  #authenticating = false;

  constructor(
    private readonly context: V1Context,
    private readonly admission: Admission,
    private readonly slot: ConnectionSlot,
    private readonly waitMs: number = FIRST_FRAME_MS,
  ) {}

  opened(socket: Socket): void {
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#refuse(CLOSE.unauthenticated), this.waitMs);
  }

  received(text: string, bytes: number): void {
    if (this.#session !== undefined) {
      this.#session.received(text, bytes);
      return;
    }
    const token = this.#authenticating ? undefined : tokenIn(text);
    if (token === undefined) {
      this.#refuse(CLOSE.unauthenticated);
      return;
    }
    this.#authenticating = true;
    this.#enter(token).catch((error: unknown) => {
      if (!(error instanceof Refusal)) this.context.log.error({ err: error }, 'a token could not be checked');
      this.#refuse((error instanceof Refusal ? error.close : undefined) ?? CLOSE.restart);
    });
  }

  stale(): void {
    if (this.#session !== undefined) this.#session.stale();
    else this.#refuse(CLOSE.restart);
  }

  pinged(): void {
    this.#session?.pinged();
  }

  drained(): void {
    this.#session?.drained();
  }

  closed(code: number): void {
    clearTimeout(this.#timer);
    this.#socket = undefined;
    if (this.#session !== undefined) this.#session.closed(code);
    else this.slot.release();
  }

  async #enter(token: string): Promise<void> {
    const client = this.admission.identifyToken(token, this.slot);
    if (!this.admission.admits(subjectOf(client))) await this.admission.allow(client);
    const socket = this.#socket;
    // The socket has closed meanwhile, or is closing because its client sent another frame.
    if (socket === undefined) return;
    clearTimeout(this.#timer);
    this.#session = new V1Session(this.context, client);
    this.#session.opened(socket);
  }

  #refuse(reason: CloseReason): void {
    clearTimeout(this.#timer);
    this.#socket?.close(reason);
    this.#socket = undefined;
  }
}

function tokenIn(text: string): string | undefined {
  try {
    return authenticateFrame.safeParse(JSON.parse(text)).data?.token;
  } catch {
    return undefined;
  }
}
