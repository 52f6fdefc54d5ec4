import type { Guard, VerifiedToken } from '@chorus/auth';
import type { Broker } from '@chorus/broker';
import type { GatewayConfig } from '../config.js';
import { TargetMessages } from '../rooms/target-messages.js';
import type { PlainContext } from './plain-session.js';
import type { V1Context } from './v1/context.js';

/** What the sockets of a node share, by protocol. */
export interface SessionContexts {
  readonly plain: PlainContext;
  readonly v1: V1Context;
}

type SessionParts = Pick<
  V1Context,
  | 'hub'
  | 'inboxes'
  | 'acks'
  | 'access'
  | 'memberships'
  | 'presence'
  | 'reads'
  | 'nextMessageId'
  | 'counters'
  | 'log'
> & {
  readonly guard: Guard;
  readonly broker: Pick<Broker, 'publishNotice' | 'publishedWith' | 'between'>;
  readonly publish: Broker['publish'];
};

export function sessionContexts(config: GatewayConfig, parts: SessionParts): SessionContexts {
  const { hub, acks, inboxes, access, memberships, presence, reads, guard, broker, publish } = parts;
  const { nextMessageId, counters, log } = parts;
  const { maxFrameBytes, maxMessagesPerSecond, maxQueuedBytes, idleTimeoutSeconds } = config;
  const shared = { hub, memberships, publish, nextMessageId, maxQueuedBytes, counters, log };
  const verify = (token: string): VerifiedToken | undefined => {
    const admission = guard.authenticate({ authorization: `Bearer ${token}` });
    return admission.ok ? admission.token : undefined;
  };
  const maxRooms = config.maxRoomsPerConnection;
  return {
    plain: { ...shared, maxMessagesPerSecond },
    v1: {
      ...shared,
      acks,
      inboxes,
      access,
      presence,
      reads,
      verify,
      publishNotice: (roomId, frame) => broker.publishNotice(roomId, frame),
      targets: new TargetMessages(broker),
      messageLimits: config.messageLimits,
      limits: { maxFrameBytes, maxMessagesPerSecond, maxRooms, idleTimeoutSeconds },
    },
  };
}
