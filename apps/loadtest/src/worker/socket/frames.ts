/* Opcodes of RFC 6455, section 5.2. */

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Returns a whole frame of a client, masked as required. */
export function clientFrame(opcode: number, payload: string | Uint8Array): Buffer {
  const length = typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(head + 4 + length);
  frame[0] = 0x80 | opcode;
  if (head === 2) frame[1] = 0x80 | length;
  else if (head === 4) {
    frame[1] = 0x80 | 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 0x80 | 127;
    frame.writeUInt32BE(Math.floor(length / 2 ** 32), 2);
    frame.writeUInt32BE(length >>> 0, 6);
  }
  // The mask protects proxies from content that scripts in browsers choose. The tool's content is its own, so any
  // number does.
  const mask = (Math.random() * 2 ** 32) >>> 0;
  frame.writeUInt32BE(mask, head);
  const body = head + 4;
  if (typeof payload === 'string') frame.write(payload, body, 'utf8');
  else frame.set(payload, body);
  for (let at = 0; at < length; at++) {
    frame[body + at] = (frame[body + at] ?? 0) ^ (mask >>> (24 - 8 * (at & 3)));
  }
  return frame;
}

/** @param code undefined for a close frame without one */
export function closeFrame(code: number | undefined): Buffer {
  if (code === undefined) return clientFrame(OPCODE.close, Buffer.alloc(0));
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return clientFrame(OPCODE.close, payload);
}

export interface FrameHandlers {
  /** A whole text or binary message; the bytes are valid only during the call. */
  message(bytes: Buffer, start: number, end: number): void;
  control(opcode: number, payload: Buffer): void;
  /** The server sent an invalid frame; nothing more is read. */
  broken(code: number, why: string): void;
}

const MAX_MESSAGE_BYTES = 64 * 1_024 * 1_024;

/**
 * Splits what a server sends into messages. Whole frames are passed on without copying; only one that continues in
 * the next read is assembled elsewhere.
 */
export class FrameReader {
  /** The beginning of an incomplete frame. */
  #held: Buffer | undefined;
  #heldBytes = 0;
  /** Length of the frame at the front, as far as it is known. */
  #needed = 0;
  #fragments: Buffer[] | undefined;
  #stopped = false;

  constructor(private readonly handlers: FrameHandlers) {}

  /** Passes nothing on any more, not even what was read already. */
  stop(): void {
    this.#stopped = true;
    this.#held = undefined;
    this.#fragments = undefined;
  }

  read(bytes: Buffer, start: number, end: number): void {
    if (this.#held !== undefined) {
      this.#readHeld(bytes, start, end);
      return;
    }
    const rest = this.#frames(bytes, start, end);
    if (rest < end && !this.#stopped) this.#hold(bytes, rest, end);
  }

  #hold(bytes: Buffer, start: number, end: number): void {
    const held = Buffer.allocUnsafe(Math.max(this.#needed, 128, end - start));
    this.#heldBytes = bytes.copy(held, 0, start, end);
    this.#held = held;
  }

  #readHeld(bytes: Buffer, start: number, end: number): void {
    let held = this.#held ?? bytes;
    const total = this.#heldBytes + end - start;
    if (held.length < total) {
      const larger = Buffer.allocUnsafe(Math.max(this.#needed, total));
      held.copy(larger, 0, 0, this.#heldBytes);
      held = larger;
    }
    bytes.copy(held, this.#heldBytes, start, end);
    this.#held = undefined;
    const rest = this.#frames(held, 0, total);
    if (rest === total || this.#stopped) return;
    if (rest === 0 && held.length >= this.#needed) {
      this.#held = held;
      this.#heldBytes = total;
    } else this.#hold(held, rest, total);
  }

  /** Returns the start of the first incomplete frame. */
  #frames(bytes: Buffer, start: number, end: number): number {
    let at = start;
    while (end - at >= 2) {
      const first = bytes[at] ?? 0;
      const second = bytes[at + 1] ?? 0;
      let length = second;
      let body = at + 2;
      if (second >= 126) {
        if (second > 127) return this.#break(1002, 'a masked frame', end);
        body += second === 126 ? 2 : 8;
        if (body > end) break;
        length =
          second === 126
            ? bytes.readUInt16BE(at + 2)
            : bytes.readUInt32BE(at + 2) * 2 ** 32 + bytes.readUInt32BE(at + 6);
        if (length > MAX_MESSAGE_BYTES) return this.#break(1009, 'a frame too big', end);
      }
      const next = body + length;
      if (next > end) {
        this.#needed = next - at;
        return at;
      }
      if ((first === 0x81 || first === 0x82) && this.#fragments === undefined) {
        this.handlers.message(bytes, body, next);
      } else if (!this.#unusual(first, bytes, body, next)) return end;
      if (this.#stopped) return end;
      at = next;
    }
    this.#needed = 0;
    return at;
  }

  /** Handles control frames and fragments; false when the frame is not valid. */
  #unusual(first: number, bytes: Buffer, start: number, end: number): boolean {
    const final = first >= 0x80;
    const opcode = first & 0x0f;
    if ((first & 0x70) !== 0) return this.#invalid('a frame with a reserved bit');
    if (opcode >= OPCODE.close) {
      if (!final || end - start > 125 || opcode > OPCODE.pong) return this.#invalid('a bad control frame');
      this.handlers.control(opcode, Buffer.from(bytes.subarray(start, end)));
      return true;
    }
    if (opcode > OPCODE.binary) return this.#invalid('an unknown opcode');
    if ((opcode === OPCODE.continuation) !== (this.#fragments !== undefined)) {
      return this.#invalid('a fragment out of place');
    }
    this.#fragments ??= [];
    this.#fragments.push(Buffer.from(bytes.subarray(start, end)));
    const total = this.#fragments.reduce((sum, part) => sum + part.length, 0);
    if (total > MAX_MESSAGE_BYTES) {
      this.#break(1009, 'a message too big', end);
      return false;
    }
    if (!final) return true;
    const whole = Buffer.concat(this.#fragments);
    this.#fragments = undefined;
    this.handlers.message(whole, 0, whole.length);
    return true;
  }

  #invalid(why: string): false {
    this.#break(1002, why, 0);
    return false;
  }

  #break(code: number, why: string, end: number): number {
    this.stop();
    this.handlers.broken(code, `the server sent ${why}`);
    return end;
  }
}
