import { ChorusError, type Message, type Position } from '@chorus/client';
import { signal } from '@preact/signals';
import { expect } from 'chai';
import { ADA, BEN, delivery, message, NOON } from '../../testing/messages.js';
import { ToldRoom } from '../../testing/told-room.js';
import { Conversation } from './conversation.js';

const contents = ({ messages }: Conversation): string[] => messages.value.map(({ content }) => content);
const past = (from: number, to: number): Message[] =>
  Array.from({ length: to - from + 1 }, (_, index) => message(from + index, BEN));

describe('a conversation', () => {
  let room: ToldRoom;
  /** Number of unread messages, by the inbox, and how far the user has read. */
  const unread = signal(0);
  let position: Position | undefined;
  let marked: number[];
  const open = (): Conversation =>
    new Conversation(room, ADA, {
      unread: () => unread.value,
      position: () => position,
      mark: (_id, upTo) => {
        position = upTo;
        marked.push(upTo.seq);
      },
    });

  beforeEach(() => {
    room = new ToldRoom();
    unread.value = 0;
    position = undefined;
    marked = [];
  });

  it('joins older messages to live ones', async () => {
    room.past = past(1, 60);
    const conversation = open();
    room.tell('message', message(61, BEN));
    await conversation.begin();
    expect([contents(conversation).length, contents(conversation)[0]]).to.deep.equal([51, 'message 11']);
    expect(conversation.history.value).to.equal('idle');
    await conversation.readOlder();
    expect(conversation.history.value).to.equal('complete');
    expect(contents(conversation)).to.deep.equal([...past(1, 61)].map(({ content }) => content));
  });

  it('can retry reading older messages after a failure', async () => {
    room.past = past(1, 3);
    room.broken = true;
    const conversation = open();
    await conversation.begin();
    expect(conversation.history.value).to.equal('failed');
    room.broken = false;
    await conversation.readOlder();
    expect(contents(conversation)).to.have.length(3);
  });

  it('marks as read what is seen, once, and shows nothing as unread meanwhile', async () => {
    room.past = past(1, 3);
    const conversation = open();
    await conversation.begin();
    unread.value = 2;
    expect([conversation.unread.value, marked]).to.deep.equal([2, []]);
    conversation.watch(true);
    expect([conversation.unread.value, marked]).to.deep.equal([0, [3]]);
    conversation.noteRead();
    room.tell('message', message(4, BEN));
    conversation.watch(false);
    room.tell('message', message(5, BEN));
    unread.value = 1;
    expect([conversation.unread.value, marked]).to.deep.equal([1, [3, 4]]);
  });

  it('shows where new messages began until the room goes out of view', async () => {
    room.past = past(1, 5);
    const conversation = open();
    await conversation.begin();
    const kinds = (): string[] => conversation.rows.value.map(({ kind }) => kind);
    position = { epoch: 1, seq: 3 };
    unread.value = 2;
    conversation.enter();
    conversation.watch(true);
    unread.value = 0;
    expect(kinds().indexOf('unread')).to.equal(4);
    conversation.enter();
    expect(kinds()).to.not.include('unread');
  });

  it("shows one of the user's own messages in one line, from writing until it is stored", () => {
    const conversation = open();
    const states = (): string[] =>
      conversation.rows.value.flatMap((row) => (row.kind === 'message' ? String(row.entry.state) : []));
    const seen: string[][] = [];
    for (const step of ['queued', 'sending', 'arrived', 'sent', 'stored'] as const) {
      if (step === 'arrived') room.tell('message', message(1, ADA, { clientMsgId: 'a' }));
      else room.tell('delivery', delivery('a', step));
      seen.push(states());
    }
    expect(seen).to.deep.equal([['queued'], ['sending'], ['sent'], ['sent'], ['sent']]);
    expect(conversation.waiting).to.equal(false);
  });

  it('keeps a failed message until it is discarded, and throws nothing', () => {
    const conversation = open();
    conversation.send('x');
    const error = new ChorusError('too_big', 'the message is too large');
    room.tell('delivery', { ...delivery('a', 'failed'), error });
    const [, row] = conversation.rows.value;
    expect(row?.kind === 'message' && row.entry.error).to.equal(error);
    conversation.discard('a');
    expect(conversation.rows.value).to.deep.equal([]);
  });

  it('shows where messages are missing', () => {
    const conversation = open();
    room.tell('message', message(1, BEN));
    const error = new ChorusError('unavailable', 'away', true);
    room.tell('gap', { from: message(1, BEN), to: message(5, BEN), error });
    room.tell('message', message(6, BEN));
    expect(conversation.rows.value.map(({ kind }) => kind)).to.deep.equal([
      'day',
      'message',
      'gap',
      'message',
    ]);
  });

  const TARGET = { epoch: 1, seq: 1 };
  const by = { roomId: 1, id: 'c', sentAt: NOON, userId: BEN.id, username: BEN.username };

  it('shows messages as they are now, and who joined between them', () => {
    const conversation = open();
    conversation.kind.value = 'private';
    room.tell('message', message(1, BEN));
    room.tell('change', { ...by, type: 'change', epoch: 1, seq: 2, change: 'member-added', member: BEN });
    room.tell('message', message(3, BEN));
    const edit = {
      type: 'change',
      epoch: 1,
      seq: 4,
      change: 'edited',
      target: TARGET,
      content: 'new',
    } as const;
    room.tell('change', { ...by, ...edit });
    expect(contents(conversation)).to.deep.equal(['new', 'message 3']);
    expect(conversation.rows.value.map(({ kind }) => kind)).to.deep.equal([
      ...['day', 'message', 'event', 'message'],
    ]);
  });

  it('sends a reply or an edit in place of a new message, once', () => {
    const conversation = open();
    const own = message(1, ADA);
    room.tell('message', own);
    room.tell('message', message(2, BEN));
    const [mine, bens] = conversation.messages.value;
    if (mine === undefined || bens === undefined) throw new Error('there are no messages');
    conversation.composing.reply(bens);
    conversation.send('yes', [BEN.id]);
    conversation.send('and no');
    conversation.editLast();
    expect(conversation.composing.mode.value).to.deep.equal({ kind: 'edit', message: mine });
    conversation.send('corrected');
    expect(conversation.composing.mode.value.kind).to.equal('new');
    expect(room.sent).to.deep.equal([
      ['yes', { replyTo: bens, mentions: [BEN.id] }],
      ['and no', { replyTo: undefined }],
    ]);
    expect(room.performed).to.deep.include({
      ...{ type: 'edit', target: mine, content: 'corrected', mentions: [], data: undefined },
    });
  });

  it('sets a reaction, takes it back, and shows why a change was refused', async () => {
    const conversation = open();
    room.tell('message', message(1, BEN));
    const toggle = (): void => {
      const [first] = conversation.messages.value;
      if (first !== undefined) conversation.actions.toggleReaction(first, 'ok');
    };
    toggle();
    const reacted = {
      type: 'change',
      epoch: 1,
      seq: 2,
      change: 'reacted',
      target: TARGET,
      reaction: 'ok',
    } as const;
    room.tell('change', { ...by, ...reacted, userId: ADA.id });
    room.refused = new ChorusError('muted', 'you are muted');
    toggle();
    expect(room.performed.map(({ type }) => type)).to.deep.equal(['react', 'unreact']);
    await Promise.resolve();
    await Promise.resolve();
    expect(conversation.actions.problem.value).to.equal('The message was not changed: you are muted.');
  });

  it('quotes messages that are not loaded, and jumps to them', async () => {
    room.past = past(1, 120);
    const conversation = open();
    await conversation.begin();
    const quoted = conversation.quotes.of({ epoch: 1, seq: 3 });
    const gone = conversation.quotes.of({ epoch: 1, seq: 500 });
    await conversation.jumpTo({ epoch: 1, seq: 3 });
    expect(quoted.value).to.deep.include({ content: 'message 3' });
    expect(gone.value).to.equal('missing');
    expect(conversation.target.value).to.deep.equal({ key: '1-3' });
    await conversation.jumpTo({ epoch: 1, seq: 500 });
    expect(conversation.actions.problem.value).to.equal('The message could not be found.');
  });

  it('shows why it has ended, and ignores events once it is closed', () => {
    const conversation = open();
    room.status = 'left';
    room.leftReason = 'deleted';
    room.tell('status', 'left');
    expect([conversation.status.value, conversation.leftReason.value]).to.deep.equal(['left', 'deleted']);
    conversation.close(true);
    room.tell('message', message(1, BEN));
    expect([room.left, contents(conversation)]).to.deep.equal([true, []]);
  });
});
