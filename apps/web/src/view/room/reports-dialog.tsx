import { type CurrentMessage, formatPosition, listReports, type Report } from '@chorus/client';
import { useEffect, useState } from 'preact/hooks';
import type { Chat } from '../../model/chat.js';
import type { Conversation } from '../../model/conversation/conversation.js';
import { excerptOf } from '../../model/text/markdown.js';
import { dateTimeText } from '../../model/words.js';
import { Dialog } from '../controls/dialog.js';
import { Failure } from '../controls/failure.js';
import { useAction } from '../controls/use-action.js';

interface ReportsProps {
  chat: Chat;
  conversation: Conversation;
  onClose: () => void;
}

/** The reported messages of a room, oldest first, for its moderators. */
export function ReportsDialog(props: ReportsProps) {
  return (
    <Dialog title="Reports" onClose={props.onClose}>
      {(close) => <Reports {...props} close={close} />}
    </Dialog>
  );
}

function Reports({ chat, conversation, close }: ReportsProps & { close: () => void }) {
  const [reports, setReports] = useState<readonly Report[]>();
  const [next, setNext] = useState<number | null>(null);
  const reading = useAction(async () => {
    const page = await listReports(chat.api, conversation.id, { cursor: next ?? undefined });
    setReports([...(reports ?? []), ...page.reports]);
    setNext(page.nextCursor);
  });
  useEffect(() => void reading.run(), []);
  return (
    <>
      <Failure error={reading.error} />
      <ul class="entries" aria-label="Reported messages">
        {reports?.map((report) => (
          <ReportItem key={report.id} report={report} conversation={conversation} close={close} />
        ))}
      </ul>
      <p class="hint" role="status">
        {reading.busy && 'Reading…'}
        {reports?.length === 0 && 'No message was reported.'}
      </p>
      <div class="actions">
        {next !== null && (
          <button type="button" onClick={() => void reading.run()}>
            More reports
          </button>
        )}
        <button type="button" onClick={close}>
          Close
        </button>
      </div>
    </>
  );
}

function ReportItem({
  report,
  conversation,
  close,
}: {
  report: Report;
  conversation: Conversation;
  close: () => void;
}) {
  const { message: position, reporter, reason, reportedAt } = report;
  const quoted = conversation.quotes.of(position).value;
  const message = quoted === 'missing' ? undefined : (quoted as CurrentMessage | undefined);
  const isGone = quoted === 'missing' || message?.deleted !== undefined;
  return (
    <li data-position={formatPosition(position)}>
      <p>
        <bdi class="strong">{message?.username}</bdi>{' '}
        <span dir="auto">{isGone ? 'The message was deleted.' : excerptOf(message?.content ?? '')}</span>
      </p>
      <p class="hint">
        <bdi>{reporter.username}</bdi>, {dateTimeText(Date.parse(reportedAt))}:{' '}
        <span dir="auto">{reason}</span>
      </p>
      {message !== undefined && !isGone && (
        <div class="actions">
          <button
            type="button"
            onClick={() => {
              close();
              void conversation.jumpTo(position);
            }}
          >
            Show
          </button>
          <button type="button" class="danger" onClick={() => conversation.actions.delete(message)}>
            Delete message
          </button>
        </div>
      )}
    </li>
  );
}
