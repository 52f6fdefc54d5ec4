import type { Guard, VerifiedToken } from '@chorus/auth';
import type { Broker } from '@chorus/broker';
import { UnavailableError } from '@chorus/redis';
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
  | 'admits'
  | 'memberships'
  | 'presence'
  | 'reads'
  | 'hook'
  | 'nextMessageId'
  | 'counters'
  | 'log'
> & {
  readonly guard: Guard;
  readonly broker: Pick<Broker, 'publishNotice' | 'publishedWith' | 'between'>;
  readonly publish: Broker['publish'];
};

export function sessionContexts(config: GatewayConfig, parts: SessionParts): SessionContexts {
  const { hub, acks, inboxes, access, admits, memberships, presence, reads, guard, broker } = parts;
  // Users may send who are not members of the room any more.
  const publish: Broker['publish'] = (roomId, body, key) =>
    hub.isUnchecked(roomId) ? unchecked() : parts.publish(roomId, body, key);
  const { nextMessageId, counters, log, hook } = parts;
  const { maxFrameBytes, maxMessagesPerSecond, maxQueuedBytes, idleTimeoutSeconds } = config;
  const { messageLimits } = config;
  const sending = { hub, access, memberships, publish, hook, messageLimits };
  const shared = { ...sending, nextMessageId, maxQueuedBytes, counters, log };
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
      admits,
      presence,
      reads,
      verify,
      publishNotice: (roomId, frame) =>
        hub.isUnchecked(roomId) ? unchecked() : broker.publishNotice(roomId, frame),
      targets: new TargetMessages(broker),
      limits: { maxFrameBytes, maxMessagesPerSecond, maxRooms, idleTimeoutSeconds },
    },
  };
}

function unchecked(): Promise<never> {
  return Promise.reject(new UnavailableError('the members of the room are being checked'));
}
