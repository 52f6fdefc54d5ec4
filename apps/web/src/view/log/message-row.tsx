import type { CurrentMessage, Position } from '@chorus/client';
import { Component } from 'preact';
import type { Chat } from '../../model/chat.js';
import type { Conversation } from '../../model/conversation/conversation.js';
import type { Entry } from '../../model/conversation/entry.js';
import type { Row } from '../../model/conversation/timeline.js';
import { excerptOf } from '../../model/text/markdown.js';
import { today } from '../../model/today.js';
import { dayText, fullTimeText, isolated, timeText } from '../../model/words.js';
import { Avatar } from '../controls/avatar.js';
import { Icon, type IconName } from '../controls/icon.js';
import { UserName } from '../controls/user-name.js';
import { RichText } from './rich-text.js';

interface RowProps {
  row: Row;
  chat: Chat;
  conversation: Conversation;
}

/** A line of the log. Drawn again only for another object: rows are immutable. */
export class LogRow extends Component<RowProps> {
  override shouldComponentUpdate(next: Readonly<RowProps>): boolean {
    return next.row !== this.props.row || next.conversation !== this.props.conversation;
  }

  override render({ row, chat, conversation }: RowProps) {
    switch (row.kind) {
      case 'day':
        return (
          <div class="divider" data-row>
            <Day at={row.at} />
          </div>
        );
      case 'unread':
        return (
          <div class="divider unread" data-row data-unread>
            <span>New</span>
          </div>
        );
      case 'gap':
        return (
          <div class="divider" data-row>
            <span>Some messages are missing here</span>
          </div>
        );
      case 'event':
        return (
          <div class="event" data-row title={fullTimeText(row.event.at)}>
            {row.event.text}{' '}
            <time dateTime={new Date(row.event.at).toISOString()}>{timeText(row.event.at)}</time>
          </div>
        );
      case 'message':
        return <MessageRow entry={row.entry} first={row.first} chat={chat} conversation={conversation} />;
    }
  }
}

/** Drawn again at midnight. */
function Day({ at }: { at: number }) {
  return <span>{dayText(at, today.value)}</span>;
}

function MessageRow({
  entry,
  first,
  chat,
  conversation,
}: {
  entry: Entry;
  first: boolean;
  chat: Chat;
  conversation: Conversation;
}) {
  const { own, username, at, state, message, mentions } = entry;
  const time = timeText(at);
  const isDeleted = message?.deleted !== undefined;
  const isForMe = !own && mentions.some((id) => id === chat.me.id || id === 'room');
  const classes = [
    'message',
    own && 'own',
    first && 'first',
    state === 'failed' && 'failed',
    isDeleted ? 'deleted' : isForMe && 'for-me',
  ];
  return (
    <article
      class={classes.filter(Boolean).join(' ')}
      aria-label={`${isolated(username)}${message?.bot ? ', bot' : ''}, ${time}`}
      tabIndex={-1}
      data-row
      data-key={entry.key}
    >
      {!own && first && <Avatar name={username} />}
      {!own && first && <UserName name={username} bot={message?.bot} as="author" />}
      <div class="bubble">
        {entry.replyTo !== undefined && <QuoteLink conversation={conversation} position={entry.replyTo} />}
        {isDeleted ? (
          <p class="content deleted">{deletedText(message)}</p>
        ) : (
          <RichText
            text={entry.content}
            mentions={{ mentions, me: chat.me, nameOf: (id) => chat.names.nameOf(id) }}
          />
        )}
        <span class="meta">
          {message?.editedAt !== undefined && <span title={fullTimeText(message.editedAt)}>edited</span>}
          <time dateTime={new Date(at).toISOString()} title={fullTimeText(at)}>
            {time}
          </time>
          {state !== undefined && !isDeleted && <StateIcon state={state} />}
        </span>
        {message !== undefined && !isDeleted && (
          <button type="button" class="more" tabIndex={-1} aria-label="Message menu" aria-expanded={false}>
            ⋯
          </button>
        )}
      </div>
      {message !== undefined && message.reactions.length > 0 && (
        <Reactions message={message} me={chat.me.id} conversation={conversation} />
      )}
      {state === 'failed' && <Failed entry={entry} conversation={conversation} />}
    </article>
  );
}

function deletedText({ deleted, userId }: CurrentMessage): string {
  const by = deleted?.by;
  return by === undefined || by.id === userId
    ? 'This message was deleted.'
    : `This message was deleted by ${isolated(by.username)}.`;
}

/** The message that this one replies to. */
function QuoteLink({ conversation, position }: { conversation: Conversation; position: Position }) {
  const quoted = conversation.quotes.of(position).value;
  if (quoted === 'missing') return <p class="quoted">Reply to a message that is gone</p>;
  const { username = '', content = '', deleted = undefined } = (quoted ?? {}) as Partial<CurrentMessage>;
  return (
    <button type="button" class="quoted" tabIndex={-1} onClick={() => void conversation.jumpTo(position)}>
      <span class="hidden">Reply to</span>
      <bdi class="author">{username}</bdi>
      <span dir="auto">{deleted === undefined ? excerptOf(content) : 'This message was deleted.'}</span>
    </button>
  );
}

function Reactions({
  message,
  me,
  conversation,
}: {
  message: CurrentMessage;
  me: number;
  conversation: Conversation;
}) {
  return (
    <div class="reactions">
      {message.reactions.map(({ reaction, count, users }) => (
        <button
          key={reaction}
          type="button"
          class="reaction"
          tabIndex={-1}
          aria-pressed={users.includes(me)}
          aria-label={`${reaction} ${count}`}
          onClick={({ currentTarget }) => {
            // It is about to disappear.
            if (count === 1 && users.includes(me)) currentTarget.closest('article')?.focus();
            conversation.actions.toggleReaction(message, reaction);
          }}
        >
          <span>{reaction}</span> {count}
        </button>
      ))}
    </div>
  );
}

type State = NonNullable<Entry['state']>;

const STATES: Record<State, readonly [name: string, icon: IconName]> = {
  queued: ['Waiting', 'clock'],
  sending: ['Sending', 'clock'],
  sent: ['Sent', 'check'],
  failed: ['Not sent', 'warning'],
};

function StateIcon({ state }: { state: State }) {
  const [name, icon] = STATES[state];
  return (
    <span class="state" role="img" aria-label={name} title={name}>
      <Icon name={icon} />
    </span>
  );
}

/** Why a message was not sent, and the possible actions. */
function Failed({
  entry: { clientMsgId = '', error },
  conversation,
}: {
  entry: Entry;
  conversation: Conversation;
}) {
  return (
    <p class="failure">
      <span>Not sent{error === undefined ? '' : `: ${error.message}`}.</span>
      {error?.retry !== false && (
        <button type="button" onClick={() => conversation.retry(clientMsgId)}>
          Retry
        </button>
      )}
      <button type="button" onClick={() => conversation.discard(clientMsgId)}>
        Discard
      </button>
    </p>
  );
}
