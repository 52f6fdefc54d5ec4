import { expect } from 'chai';
import type { InboxEntry } from '../inbox/entry.js';
import { Inbox } from '../inbox/inbox.js';
import type { InboxOptions } from '../inbox/inbox-options.js';
import type { ScriptedConnection } from './scripted-gateway.js';
import { event, Stage } from './stage.js';
import { TestInbox } from './test-inbox.js';

/** A scripted gateway and API, and the inboxes that a test opens. */
export class InboxStage {
  readonly api = new TestInbox();

  static async set(): Promise<InboxStage> {
    const stage = await Stage.set();
    return new InboxStage(stage);
  }

  private constructor(readonly stage: Stage) {
    stage.history.request = this.api.request;
  }

  /** Returns an inbox that has read all rooms. */
  async open(options: InboxOptions = {}): Promise<{ inbox: Inbox; connection: ScriptedConnection }> {
    const inbox = new Inbox(this.stage.client({ random: () => 0 }), options);
    const connection = await this.stage.connection();
    await this.watched(connection);
    await changed(inbox, () => inbox.complete);
    return { inbox, connection };
  }

  /** Answers the next frame, which asks for news. */
  async watched(connection: ScriptedConnection): Promise<void> {
    expect(await connection.next()).to.deep.equal({ type: 'watch-inbox' });
    connection.say({ type: 'inbox-watched', rooms: this.api.rooms.length });
  }

  close(): Promise<void> {
    return this.stage.close();
  }
}

/** Resolves when the condition holds, which is checked after each change. */
export function changed(inbox: Inbox, wanted: () => boolean): Promise<unknown> {
  if (wanted()) return Promise.resolve();
  return event((listener) => inbox.subscribe(() => listener(undefined)), wanted);
}

export function entryOf(inbox: Inbox, roomId: number): InboxEntry {
  const found = inbox.entries.find(({ room }) => room.id === roomId);
  if (found === undefined) throw new Error(`no room ${roomId}`);
  return found;
}
