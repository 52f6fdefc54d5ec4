import { Component } from 'preact';
import type { Conversation } from '../../model/conversation/conversation.js';
import type { Entry, Row } from '../../model/conversation/timeline.js';
import { linkify } from '../../model/linkify.js';
import { today } from '../../model/today.js';
import { dayText, fullTimeText, isolated, timeText } from '../../model/words.js';
import { Avatar } from '../controls/avatar.js';
import { Icon, type IconName } from '../controls/icon.js';

interface RowProps {
  row: Row;
  conversation: Conversation;
}

/** A line of the log. Drawn again only for another object: rows are immutable. */
export class LogRow extends Component<RowProps> {
  override shouldComponentUpdate(next: Readonly<RowProps>): boolean {
    return next.row !== this.props.row || next.conversation !== this.props.conversation;
  }

  override render({ row, conversation }: RowProps) {
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
      case 'message':
        return <MessageRow entry={row.entry} first={row.first} conversation={conversation} />;
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
  conversation,
}: {
  entry: Entry;
  first: boolean;
  conversation: Conversation;
}) {
  const { own, username, at, state } = entry;
  const time = timeText(at);
  return (
    <article
      class={`message${own ? ' own' : ''}${first ? ' first' : ''}${state === 'failed' ? ' failed' : ''}`}
      aria-label={`${isolated(username)}, ${time}`}
      data-row
    >
      {!own && first && <Avatar name={username} />}
      {!own && first && <bdi class="author">{username}</bdi>}
      <div class="bubble">
        <p class="content" dir="auto">
          <Content text={entry.content} />
        </p>
        <span class="meta">
          <time dateTime={new Date(at).toISOString()} title={fullTimeText(at)}>
            {time}
          </time>
          {state !== undefined && <StateIcon state={state} />}
        </span>
      </div>
      {state === 'failed' && <Failed entry={entry} conversation={conversation} />}
    </article>
  );
}

function Content({ text }: { text: string }) {
  return (
    <>
      {linkify(text).map(({ text, href, host }) =>
        href === undefined ? (
          text
        ) : (
          <a href={href} target="_blank" rel="noopener noreferrer nofollow" title={href}>
            {text}
            {host !== undefined && <bdi class="host"> ({host})</bdi>}
          </a>
        ),
      )}
    </>
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
