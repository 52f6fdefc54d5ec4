import type { RoomDirectory } from '@chorus/broker';
import type { NodeRegistry } from '@chorus/control';
import type { PresenceStore } from '@chorus/presence';
import type { Logger } from '@chorus/service';
import type { UserRepository } from '../auth/user-repository.js';
import type { BanService } from '../bans/service.js';
import type { Context } from '../http/context.js';
import type { RoomRepository } from '../rooms/repository.js';

/** What the operator's routes work with. */
export interface OperatorServices {
  readonly nodes: NodeRegistry;
  readonly presence: Pick<PresenceStore, 'busiest'>;
  readonly rooms: RoomRepository;
  readonly users: UserRepository;
  readonly bans: BanService;
  /** Reaches every gateway. */
  readonly directory: Pick<RoomDirectory, 'announce'>;
  readonly log: Logger;
}

/** Writes down what an operator did, and to whom, once it is done. */
export function record(log: Logger, ctx: Context, action: string, details: object): void {
  log.info({ requestId: ctx.state.requestId, action, ...details }, 'operator');
}
