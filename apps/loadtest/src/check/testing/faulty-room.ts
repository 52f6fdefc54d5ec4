/** Faults of a room, each of one message or one member. */
export type Fault =
  /** One member does not get the message. */
  | 'lose-for-one'
  /** Acknowledged, if the protocol has acks, and delivered to no member. */
  | 'lose-for-all'
  | 'deliver-twice'
  /** One member gets the message after the next one. */
  | 'swap-for-one'
  /** All members get the message after the next one of its sender. */
  | 'swap-for-all'
  /** All members get the position of the previous message. */
  | 'seq-twice'
  /** One member gets another position than the others. */
  | 'seq-for-one'
  /** Delivered, and never acked. */
  | 'keep-ack'
  /** Refused, and not delivered. */
  | 'refuse'
  /** One member's socket is closed; the member reconnects and gets everything. */
  | 'close'
  /** A member reconnects, is promised everything that it missed, and does not get one message. */
  | 'recover-with-hole'
  /** A member reconnects, is told that what it missed does not follow, and does not get it. */
  | 'not-recover'
  /** One socket gets a message of another room. */
  | 'misdirect';

export interface Message {
  readonly content: string;
  readonly clientMsgId: string | undefined;
}

/** A socket in a room, in either protocol. */
export interface Member {
  readonly userId: number;
  deliver(message: Message, position: { readonly epoch: number; readonly seq: number }): void;
  joined(recovered: boolean | undefined, seq: number): void;
  ack(message: Message, seq: number): void;
  refuse(message: Message): void;
  close(): void;
}

/** The violations that must be found. */
export interface Planted {
  /** Number of planned faults that were committed. */
  done: number;
  /** Deliveries that a member does not get and was told so: their number depends on when it reconnects. */
  unrecovered: number;
}

export const EPOCH = 1_767_225_600_000;
/** Messages of a room between two faults, so that faults do not affect each other. */
const SPACING = 6;
/** Smallest number of messages that a closed member misses. */
const MISSED = 3;

interface Stored {
  readonly message: Message;
  readonly seq: number;
}

/** A room that numbers, stores and delivers messages, and commits the given faults one after the other. */
export class FaultyRoom {
  readonly #members = new Set<Member>();
  readonly #history: Stored[] = [];
  readonly #known = new Map<string, number>();
  #seq = 0;
  #untilFault = SPACING;
  /** The member that the room waits for, and the fault that follows. */
  #away:
    | { readonly userId: number; readonly fault: Fault; back?: { member: Member; since: number } }
    | undefined;
  #heldForOne: { readonly member: Member; readonly stored: Stored } | undefined;
  #heldForAll: { readonly sender: Member; readonly stored: Stored } | undefined;

  constructor(
    private readonly faults: Fault[],
    private readonly planted: Planted,
    private readonly elsewhere: () => Member | undefined,
  ) {}

  anyMember(): Member | undefined {
    return this.#members.values().next().value;
  }

  /** @param since last message of the member; undefined for a new one */
  enter(member: Member, since: number | undefined): void {
    if (this.#away?.userId === member.userId && since !== undefined) {
      this.#away.back = { member, since };
      this.#letBack();
      return;
    }
    this.#members.add(member);
    member.joined(since === undefined ? undefined : true, this.#seq);
    if (since !== undefined) for (const stored of this.#after(since)) deliver(member, stored);
  }

  /** Readmits the member once it has missed enough messages. */
  #letBack(): void {
    if (!this.#away?.back) return;
    const { fault, back } = this.#away;
    const missed = this.#after(back.since);
    if (missed.length < MISSED) return;
    this.#away = undefined;
    this.planted.done++;
    this.#members.add(back.member);
    back.member.joined(fault !== 'not-recover', this.#seq);
    if (fault === 'not-recover') {
      this.planted.unrecovered += missed.length;
      return;
    }
    if (fault === 'recover-with-hole') missed.splice(1, 1);
    for (const stored of missed) deliver(back.member, stored);
  }

  leave(member: Member): void {
    this.#members.delete(member);
  }

  publish(sender: Member, message: Message): void {
    const known = message.clientMsgId === undefined ? undefined : this.#known.get(message.clientMsgId);
    if (known !== undefined) {
      sender.ack(message, known);
      return;
    }
    const fault = this.#nextFault();
    if (fault === 'refuse') {
      sender.refuse(message);
      return;
    }
    const stored = { message, seq: fault === 'seq-twice' ? this.#seq : ++this.#seq };
    if (message.clientMsgId !== undefined) this.#known.set(message.clientMsgId, stored.seq);
    if (fault !== 'lose-for-all') this.#history.push(stored);
    if (fault !== 'keep-ack') sender.ack(message, stored.seq);
    this.#commit(fault, sender, stored);
    this.#letBack();
  }

  /** Faults that delay a message wait for the later one; closing waits for the reconnect. */
  #nextFault(): Fault | undefined {
    if (this.#away || this.#heldForOne || this.#heldForAll || this.#untilFault-- > 0) return undefined;
    this.#untilFault = SPACING;
    const fault = this.faults.shift();
    const isLater = fault === 'close' || fault === 'recover-with-hole' || fault === 'not-recover';
    if (fault && !isLater) this.planted.done++;
    return fault;
  }

  #commit(fault: Fault | undefined, sender: Member, stored: Stored): void {
    const members = [...this.#members];
    // Neither the first receiver of a message nor its sender.
    const victim = members.filter((member) => member !== sender).at(stored.seq % 2 === 0 ? -1 : 0);
    if (fault === 'lose-for-all') return;
    if (fault === 'swap-for-all') {
      this.#heldForAll = { sender, stored };
      return;
    }
    for (const member of members) {
      const own = member === victim ? fault : undefined;
      if (own === 'lose-for-one') continue;
      if (own === 'swap-for-one') {
        this.#heldForOne = { member, stored };
        continue;
      }
      if (own === 'seq-for-one') member.deliver(stored.message, { epoch: EPOCH - 1, seq: stored.seq });
      else deliver(member, stored);
      if (own === 'deliver-twice') deliver(member, stored);
      if (this.#heldForOne?.member === member) {
        deliver(member, this.#heldForOne.stored);
        this.#heldForOne = undefined;
      }
    }
    if (this.#heldForAll?.sender === sender) {
      for (const member of members) deliver(member, this.#heldForAll.stored);
      this.#heldForAll = undefined;
    }
    if (fault === 'misdirect') this.elsewhere()?.deliver(stored.message, { epoch: EPOCH, seq: stored.seq });
    if (victim && (fault === 'close' || fault === 'recover-with-hole' || fault === 'not-recover')) {
      this.#away = { userId: victim.userId, fault };
      this.#members.delete(victim);
      victim.close();
    }
  }

  #after(seq: number): Stored[] {
    return this.#history.filter((stored) => stored.seq > seq);
  }
}

function deliver(member: Member, { message, seq }: Stored): void {
  member.deliver(message, { epoch: EPOCH, seq });
}
