import type { Replay } from '@chorus/broker';
import { expect } from 'chai';
import type { Socket } from '../transport/transport.js';
import { ReplayPump } from './replay-pump.js';

const FRAME = Buffer.alloc(1_000);

/** A socket whose queue the test controls. */
class FakeSocket implements Socket {
  queuedBytes = 0;
  sent = 0;
  /** Length of the longest queue to which a frame was added. */
  longest = 0;
  /** Whether the client reads each frame at once. */
  reads = true;

  send(): void {
    this.sendAll([FRAME]);
  }
  sendAlong(): void {
    this.sendAll([FRAME]);
  }
  sendAll(frames: ReadonlyArray<string | Uint8Array>): void {
    for (const frame of frames) {
      this.longest = Math.max(this.longest, this.queuedBytes);
      if (!this.reads) this.queuedBytes += frame.length;
      this.sent++;
    }
  }
  subscribe(): void {}
  unsubscribe(): void {}
  publish(): void {}
  close(): void {}
}

class FakeReplay implements Replay {
  ended = 0;
  gone = false;
  readonly upTo = { epoch: 0, seq: 0 };

  constructor(public left: number) {}

  next(maxBytes: number): readonly Uint8Array[] | undefined {
    if (this.gone) return undefined;
    const count = Math.min(this.left, Math.max(1, Math.floor(maxBytes / FRAME.length)));
    this.left -= count;
    return Array.from({ length: count }, () => FRAME);
  }
  end(): void {
    this.ended++;
  }
}

describe('a replay to one socket', () => {
  let socket: FakeSocket;
  let replay: FakeReplay;
  let ends: string[];
  let budget: { sent: number; waitMs: number; replayWaitMs(): number; replayed(bytes: number): void };

  function pump(maxQueuedBytes: number, stallMs?: number): ReplayPump {
    return new ReplayPump({
      socket,
      replay,
      maxQueuedBytes,
      room: { catchingUp: 0 },
      budget,
      stallMs,
      onDone: () => ends.push('done'),
      onTooSlow: () => ends.push('too slow'),
    });
  }

  beforeEach(() => {
    socket = new FakeSocket();
    replay = new FakeReplay(500);
    ends = [];
    budget = {
      sent: 0,
      waitMs: 0,
      replayWaitMs: () => budget.waitMs,
      replayed: (bytes) => {
        budget.sent += bytes;
      },
    };
  });

  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('sends one chunk per tick, so that other sockets get theirs, and calls back synchronously at the end', async () => {
    const running = pump(1_048_576);
    running.run();
    expect(socket.sent).to.be.within(60, 70);
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(socket.sent).to.equal(500);
    expect(ends).to.deep.equal(['done']);
    expect(replay.ended).to.equal(1);
  });

  it('calls back within the call that sends the last frame, however small the rest', () => {
    replay.left = 3;
    pump(1_048_576).run();
    expect(ends).to.deep.equal(['done']);
  });

  for (const maxQueuedBytes of [1_048_576, 65_536, 1_024]) {
    it(`does not fill a queue of ${maxQueuedBytes} bytes, and continues as it drains`, async () => {
      socket.reads = false;
      const running = pump(maxQueuedBytes);
      running.run();
      for (let turns = 0; turns < 2_000 && ends.length === 0; turns++) {
        await turn();
        const { sent } = socket;
        await turn();
        expect(socket.sent, 'nothing while the queue is full').to.equal(sent);
        socket.queuedBytes = 0;
        running.run();
      }
      expect(ends).to.deep.equal(['done']);
      expect(socket.sent).to.equal(500);
      expect(socket.longest).to.be.below(maxQueuedBytes);
    });
  }

  it("pauses while the user's budget is exhausted, and leaves nothing out", async () => {
    budget.waitMs = 1;
    const running = pump(1_048_576);
    running.run();
    running.run();
    for (let turns = 0; turns < 20; turns++) await turn();
    expect([socket.sent, ends]).to.deep.equal([0, []]);
    budget.waitMs = 0;
    while (ends.length === 0) await turn();
    expect([socket.sent, budget.sent, ends]).to.deep.equal([500, 500 * FRAME.length, ['done']]);
  });

  it('gives up when the next message is gone', () => {
    replay.gone = true;
    pump(1_048_576).run();
    expect(ends).to.deep.equal(['too slow']);
    expect(replay.ended).to.equal(1);
  });

  it('gives up on a socket that does not read at all', async () => {
    socket.reads = false;
    pump(65_536, 20).run();
    while (ends.length === 0) await turn();
    expect(ends).to.deep.equal(['too slow']);
    expect(replay.ended).to.equal(1);
  });

  it('sends nothing after its end', async () => {
    const running = pump(1_048_576);
    running.run();
    const { sent } = socket;
    running.end();
    running.end();
    running.run();
    for (let turns = 0; turns < 10; turns++) await turn();
    expect(socket.sent).to.equal(sent);
    expect(ends).to.deep.equal([]);
    expect(replay.ended).to.equal(1);
  });
});
