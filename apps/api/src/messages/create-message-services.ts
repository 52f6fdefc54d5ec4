import { randomBytes } from 'node:crypto';
import type { RoomHistory } from '@chorus/broker';
import type { AccessList, MembershipList } from '@chorus/control';
import type { Database } from '@chorus/database';
import type { BeforePublish } from '@chorus/hook';
import type { ApiConfig } from '../config.js';
import { RoomAccess } from '../rooms/access.js';
import type { RoomRepository } from '../rooms/repository.js';
import { ChangingRooms } from './changes/changing-rooms.js';
import type { MessageServices } from './dependencies.js';
import { MessageHistory } from './history/message-history.js';
import { RoomLog } from './history/room-log.js';
import { type MessagePublisher, MessageService } from './message-service.js';
import { ReportRepository } from './reports/repository.js';
import { MessageRepository } from './repository.js';
import { KeyRates } from './sending/key-rates.js';
import { SendingRooms } from './sending/sending-rooms.js';
import { UserRates } from './sending/user-rates.js';

interface MessageParts {
  readonly db: Database;
  readonly rooms: RoomRepository;
  readonly history: RoomHistory;
  readonly messagePublisher: MessagePublisher;
  readonly access: AccessList;
  readonly memberships: Pick<MembershipList, 'takeTurn'>;
  /** Undefined: there is no before-publish hook. */
  readonly hook: BeforePublish | undefined;
  /** Id of this API. */
  readonly nodeId: string;
}

/** Creates what sends, changes and reads messages. */
export function createMessageServices(
  config: ApiConfig,
  parts: MessageParts,
): Omit<MessageServices, 'rooms'> {
  const { db, messagePublisher: publisher, retentionDays } = { ...parts, ...config };
  const history = new MessageHistory(parts.history, new MessageRepository(db));
  const sendingRooms = new SendingRooms(publisher, parts.access);
  return {
    history,
    roomLog: new RoomLog(parts.history, db),
    reports: new ReportRepository(db),
    sendingRooms,
    changingRooms: new ChangingRooms({
      ...{ sendingRooms, rooms: publisher, retentionDays },
      open: config.auth.mode === 'open' ? new RoomAccess(parts.rooms, 'open') : undefined,
    }),
    messages: new MessageService({
      ...{ publisher, history, memberships: parts.memberships, limits: config.messageLimits },
      hook: parts.hook,
      recheck: (sender, action) => sendingRooms.recheck(sender, action),
      rates: new UserRates(config.maxMessagesPerSecondPerUser),
      keyRates: new KeyRates(config.maxMessagesPerSecondPerKey),
      nextId: messageIds(parts.nodeId),
    }),
  };
}

/** Generator of ids of entries: node id, id of this start of the process, counter. */
function messageIds(nodeId: string): () => string {
  const prefix = `${nodeId}-${randomBytes(4).toString('hex')}-`;
  let count = 0;
  return () => prefix + (count++).toString(36);
}
