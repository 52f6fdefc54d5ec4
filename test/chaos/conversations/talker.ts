import { ChorusApi, ChorusClient, MessageList, type Room } from '@chorus/client';
import type { Member } from '@chorus/protocol';
import { BACKOFF, LIVENESS } from '../clients/chaos-client.js';
import { Connections } from '../clients/recording-socket.js';
import type { Troubled } from '../faults/client-faults.js';
import type { ClientList } from '../history/conversation.js';
import type { Records } from './draft.js';
import { viewed } from './viewed.js';

export interface TalkerOptions {
  readonly user: Member;
  readonly token: string;
  url(): string;
  readonly apiUrl: string;
  readonly roomIds: readonly number[];
  readonly records: Records;
  random(): number;
}

/** More than a run has. */
const KEEP = 1_000_000;

/** A member with the client of the SDK, and the list of messages of each room. */
export class Talker implements Troubled {
  readonly rooms: ReadonlyMap<number, { readonly room: Room; readonly list: MessageList }>;
  readonly #client: ChorusClient;
  readonly #connections: Connections;
  troubled = false;
  /** Number of messages and changes without a result. */
  unanswered = 0;

  constructor(private readonly options: TalkerOptions) {
    const { user, token, url, apiUrl, records, random } = options;
    const by = `the client of ${user.username}`;
    this.#connections = new Connections(
      () => {},
      (frame) => records.received(frame, user.id, by),
    );
    const api = new ChorusApi({ url: apiUrl, token });
    const { webSocket } = this.#connections;
    this.#client = new ChorusClient({ url, token, api, random, webSocket, backoff: BACKOFF, ...LIVENESS });
    this.rooms = new Map(
      options.roomIds.map((roomId) => {
        const room = this.#client.join(roomId);
        return [roomId, { room, list: new MessageList(room, { keep: KEEP }) }] as const;
      }),
    );
  }

  get userId(): number {
    return this.options.user.id;
  }

  get token(): string {
    return this.options.token;
  }

  /** For the faults of clients. */
  get client(): Troubled['client'] {
    return this;
  }

  get whole(): boolean {
    return this.#connections.open && [...this.rooms.values()].every(({ room }) => room.status === 'joined');
  }

  start(): void {
    this.#client.connect();
  }

  stall(stalled: boolean): void {
    this.#connections.stall(stalled);
  }

  cut(): void {
    this.#connections.cut();
  }

  abandon(): void {
    this.#connections.abandon();
  }

  rest(): void {
    this.#client.disconnect();
  }

  close(): void {
    for (const { list } of this.rooms.values()) list.close();
    this.#client.close();
    this.#connections.close();
  }

  /** Returns the messages of a room that it shows, after reading those before its time. */
  async list(roomId: number): Promise<ClientList> {
    const { user } = this.options;
    const list = this.rooms.get(roomId)?.list;
    while (list !== undefined && !list.atBeginning) await list.older(100);
    const messages = (list?.messages ?? []).map((message) => viewed(message, user.id));
    return { userId: user.id, by: `the list of ${user.username}`, messages };
  }
}
