import { EPOCH, joined, message, type ScriptedConnection, Stage } from '@chorus/client/testing';

type Frame = Awaited<ReturnType<ScriptedConnection['next']>>;

/** A gateway whose rooms have one position, and who answers joins, readings of presence and messages. */
export class RoomGateway {
  /** What the client has sent. */
  readonly frames: Frame[] = [];
  /** The connection of the client, once there is one. */
  connection: ScriptedConnection | undefined;
  /** Whether messages are acknowledged and delivered. */
  delivers = true;
  /** Position of the rooms. */
  seq = 0;

  static async start(): Promise<RoomGateway> {
    return new RoomGateway(await Stage.set());
  }

  private constructor(readonly stage: Stage) {
    this.#accept();
  }

  /** Frames of a type, in short. */
  sent(type: Frame['type']): Frame[] {
    return this.frames.filter((frame) => frame.type === type);
  }

  /** Puts messages into the history, as the first of the rooms. */
  fill(count: number): void {
    while (this.seq < count) this.stage.history.messagesOf.push(message(1, ++this.seq));
  }

  /** Delivers the next messages of the room 1, in one go. */
  deliver(count: number): void {
    const frames = Array.from({ length: count }, () => message(1, ++this.seq));
    this.connection?.say(...frames);
  }

  async #accept(): Promise<void> {
    for (;;) {
      const connection = await this.stage.connection();
      this.connection = connection;
      this.#answer(connection);
    }
  }

  async #answer(connection: ScriptedConnection): Promise<void> {
    for (;;) {
      const frame = await connection.next();
      this.frames.push(frame);
      if (frame.type === 'join') connection.say(joined(frame.roomId, this.seq, true, this.seq));
      else if (frame.type === 'presence') {
        const members = [{ id: 1, username: 'ann' }];
        connection.say({ type: 'presence', roomId: frame.roomId, members, next: null });
      } else if (frame.type === 'publish' && this.delivers) {
        const { roomId, content, clientMsgId = '' } = frame;
        const at = { epoch: EPOCH, seq: ++this.seq };
        connection.say({ type: 'ack', roomId, clientMsgId, ...at });
        connection.say(message(roomId, at.seq, { content, clientMsgId, userId: 1, username: 'ann' }));
      }
    }
  }
}
