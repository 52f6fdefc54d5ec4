import type { RoomDirectory } from '@chorus/broker';
import type { NodeRegistry } from '@chorus/control';
import type { PresenceStore } from '@chorus/presence';
import type { Logger } from '@chorus/service';
import type { Audit } from '../audit/audit.js';
import type { AuditRepository } from '../audit/audit-repository.js';
import type { BanService } from '../bans/service.js';
import type { EventServices } from '../events/read-events.js';
import type { Context } from '../http/context.js';
import type { StoredAnswers } from '../idempotency/stored-answers.js';
import type { KeyRepository } from '../keys/key-repository.js';
import type { RoomRepository } from '../rooms/repository.js';
import type { RoomService } from '../rooms/service.js';
import type { SessionService } from '../sessions/service.js';
import type { UserService } from '../users/service.js';
import type { WebhookServices } from '../webhooks/service.js';

/** Dependencies of the operator's routes. */
export interface OperatorServices extends EventServices, WebhookServices {
  readonly nodes: NodeRegistry;
  readonly presence: Pick<PresenceStore, 'busiest'>;
  readonly rooms: Pick<RoomRepository, 'names'>;
  readonly roomService: RoomService;
  readonly accounts: UserService;
  readonly answers: StoredAnswers;
  readonly bans: BanService;
  readonly keys: KeyRepository;
  readonly audit: Pick<Audit, 'record' | 'count'>;
  readonly auditEntries: Pick<AuditRepository, 'list'>;
  readonly sessions: Pick<SessionService, 'end'>;
  /** Sends events to every gateway. */
  readonly directory: Pick<RoomDirectory, 'announce'>;
  readonly log: Logger;
}

/** Logs an operator's action, after it has succeeded. */
export function record(log: Logger, ctx: Context, action: string, details: object): void {
  log.info({ requestId: ctx.state.requestId, action, ...details }, 'operator');
}
