import type { VerifiedToken } from '@chorus/auth';
import type { ReadPositions } from '@chorus/broker';
import type { AccessList, MembershipList, Subject } from '@chorus/control';
import type { BeforePublish } from '@chorus/hook';
import type { PresenceStore } from '@chorus/presence';
import type { MessageLimits, Position, WelcomeFrame } from '@chorus/protocol';
import type { Logger } from '@chorus/service';
import type { Inboxes } from '../../inbox/inboxes.js';
import type { HeldAcks } from '../../rooms/acks.js';
import type { Hub } from '../../rooms/hub.js';
import type { TargetMessages } from '../../rooms/target-messages.js';
import type { GatewayCounters } from '../../telemetry/counters.js';

/** What all `chorus.v1` sockets of a node share. */
export interface V1Context {
  hub: Hub;
  inboxes: Inboxes;
  acks: HeldAcks;
  access: Pick<AccessList, 'check' | 'checkRooms'>;
  /** See `Admission.admits`. */
  admits(subject: Subject): boolean;
  memberships: Pick<MembershipList, 'takeTurn'>;
  presence: Pick<PresenceStore, 'members'>;
  reads: Pick<ReadPositions, 'mark'>;
  /** Verifies a token; undefined if it is invalid or expired. */
  verify(token: string): VerifiedToken | undefined;
  /** Publishes a message; rejects as `Broker.publish` does. */
  publish(roomId: number, body: string, idempotencyKey: string): Promise<Position>;
  /** Undefined: there is no before-publish hook. */
  hook: Pick<BeforePublish, 'submit' | 'inTurn'> | undefined;
  publishNotice(roomId: number, frame: string): Promise<void>;
  targets: TargetMessages;
  /** Returns an id that no other message of the cluster has. */
  nextMessageId(): string;
  limits: WelcomeFrame['limits'];
  messageLimits: MessageLimits;
  maxQueuedBytes: number;
  counters: GatewayCounters;
  log: Logger;
}
