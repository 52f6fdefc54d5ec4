import { describeActivity } from './activity.js';
import { describeArchiveQueue } from './archive-queue.js';
import { describeBacklogCount } from './backlog-count.js';
import { describeBacklogShares } from './backlog-shares.js';
import { describeBroker } from './broker.js';
import { describeEntries } from './entries.js';
import type { MakeBrokerFixture } from './fixture.js';
import { describeHistoryLimits } from './history-limits.js';
import { describePositions } from './position.js';
import { describePublishing } from './publishing.js';
import { describeReadPositions } from './read-positions.js';
import { describeRestoring } from './restoring.js';
import { describeRetention } from './retention.js';
import { describeRoomDirectory } from './room-directory.js';
import { describeRoomHistory } from './room-history.js';

export type { BrokerFixture, MakeBrokerFixture } from './fixture.js';

/**
 * Declares all suites of one implementation of brokers, directories, queues and histories.
 *
 * @param options `archived`: whether the tests archive messages and read positions; an implementation that stores them before
 *   it delivers them leaves nothing to archive
 */
export function describeBrokers(
  name: string,
  makeFixture: MakeBrokerFixture,
  { archived = true }: { archived?: boolean } = {},
): void {
  describeBroker(name, makeFixture);
  describePositions(name, makeFixture);
  describePublishing(name, makeFixture, archived);
  describeRoomHistory(name, makeFixture);
  describeRoomDirectory(name, makeFixture);
  describeActivity(name, makeFixture);
  if (!archived) return;
  describeReadPositions(name, makeFixture);
  describeEntries(name, makeFixture);
  describeRestoring(name, makeFixture);
  describeArchiveQueue(name, makeFixture);
  describeHistoryLimits(name, makeFixture);
  describeRetention(name, makeFixture);
  describeBacklogCount(name, makeFixture);
  describeBacklogShares(name, makeFixture);
}
