import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect } from 'chai';
import { root } from './support/root.js';

/**
 * Where the time of day is meant. Everything else that needs time (limits, leases, pauses, ages of what is in this process)
 * takes `performance.now()`: a clock that is set back or forth must change nothing there.
 */
const TIME_OF_DAY: Readonly<Record<string, string>> = {
  'apps/api/src/audit/action-counts.ts': 'when something was done',
  'apps/api/src/audit/audit.ts': 'when something was done',
  'apps/api/src/bans/repository.ts': 'bans end at a time of day',
  'apps/api/src/identities/identity-verifier.ts': 'tokens are issued at a time of day',
  'apps/api/src/members/room-transaction.ts': 'when a change was made',
  'apps/api/src/messages/changes/changing-rooms.ts': 'the age of messages that others sent',
  'apps/api/src/messages/message-service.ts': 'when a message was sent or changed',
  'apps/api/src/messages/standing.ts': 'mutes end at a time of day',
  'apps/api/src/operator/inputs.ts': 'bans end at a time of day',
  'apps/api/src/rooms/mirror/room-archive.ts': 'the age of messages that others sent',
  'apps/api/src/sessions/service.ts': 'tokens end at a time of day',
  'packages/control/src/access-copy.ts': 'tokens end at a time of day',
  'apps/archiver/src/metrics/archive-metrics.ts': 'the age of messages that others sent',
  'apps/archiver/src/metrics/presence-metrics.ts': 'the age of changes that gateways made',
  'apps/gateway/src/sessions/room-membership.ts': 'mutes end at a time of day',
  'apps/gateway/src/sessions/v1/commands/messages/change-message.ts': 'when a message was changed',
  'apps/gateway/src/sessions/v1/commands/messages/publish.ts': 'when a message was sent',
  'apps/gateway/src/sessions/v1/commands/refresh.ts': 'tokens end at a time of day',
  'apps/gateway/src/telemetry/timings.ts': 'the age of messages that others sent',
  'apps/gateway/src/sessions/plain-session.ts': 'when a message was sent',
  'apps/cli/src/keys.ts': 'keys end at a time of day, as operators are shown',
  'apps/dispatcher/src/webhooks/lanes.ts': 'dispatchers share when a delivery is due',
  'apps/dispatcher/src/webhooks/webhook-client.ts': 'signatures have a time of day',
  'apps/dispatcher/src/webhooks/webhook-sender.ts':
    'dispatchers share when an endpoint is due; the age of events',
  'apps/dispatcher/src/webhooks/webhook-tests.ts': 'test events have a time of day',
  'apps/gateway/src/lifecycle/connection-lifecycle.ts': 'when a process started, as operators are shown',
  'apps/gateway/src/lifecycle/end-expired.ts': 'tokens end at a time of day',
  'apps/gateway/src/sessions/v1/frames.ts': 'tokens end at a time of day',
  'apps/loadtest/src/run/run-load.ts': 'when a run started, as its report shows',
  'apps/operator-page/src/browser/create-operator-page.ts': 'what operators are shown',
  'apps/operator-page/src/browser/keys/create-key.ts': 'keys end at a time of day',
  'apps/operator-page/src/browser/keys/key-section.ts': 'keys end at a time of day',
  'apps/web/src/model/conversation/conversation.ts': 'when a message was sent, as users are shown',
  'apps/web/src/model/today.ts': 'what users are shown',
  'apps/web/src/model/words.ts': 'what users are shown',
  'apps/web/src/view/composer/use-muted.ts': 'mutes end at a time of day',
  'apps/web/src/view/people/member-menu.tsx': 'mutes end at a time of day',
  'apps/web/src/view/people/people.tsx': 'mutes end at a time of day',
  'packages/auth/src/token-cache.ts': 'tokens end at a time of day',
  'packages/auth/src/tokens.ts': 'tokens begin and end at a time of day',
  'packages/broker/src/feeds/room-retention.ts': 'the age of messages that others sent',
  'packages/broker/src/memory/room-store.ts': 'epochs, and the age of messages that others sent',
  'packages/client/src/http/failure.ts': 'a header with a time of day',
  'packages/client/src/room/moment.ts': 'the one that goes on while the machine sleeps',
  'packages/client/src/connection/reconnector.ts': 'when to connect again, as users are shown',
  'packages/client/src/connection/session.ts':
    'tokens end at a time of day, and older gateways do not tell it',
  'packages/control/src/memory/access-list.ts': 'bans and tokens end at a time of day',
  'packages/control/src/memory/membership-list.ts': 'pauses between messages, in the twin of Redis',
  'packages/hook/src/endpoint.ts': 'signatures have a time of day',
  'packages/local/bundle.mjs': 'the age of files that programs may still load',
  'packages/presence/src/memory/presence-journal.ts': 'when users joined and left, as events say',
  'packages/service/src/telemetry/log-line.ts': 'when something happened, as the log shows',
  'packages/service/src/telemetry/traces-otlp.ts': 'traces of several machines are put side by side',
};

const WALL_CLOCK = /\bDate\.now\b|\bnew Date\(\)/;
const NOT_SHIPPED = /(^|\/)(node_modules|dist|generated|examples|testing)\/|\.test\.tsx?$|\/test-[^/]*\.ts$/;

describe('the time of day', () => {
  const files = ['apps', 'packages', 'prisma'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|tsx|mjs)$/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .filter((file) => !NOT_SHIPPED.test(file)),
  );

  it('is asked for only where it is meant', () => {
    const found = files.filter((file) => WALL_CLOCK.test(readFileSync(join(root, file), 'utf8')));
    expect(files).to.have.length.above(300);
    expect(found.sort()).to.deep.equal(Object.keys(TIME_OF_DAY).sort());
  });
});
