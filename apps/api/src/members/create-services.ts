import type { Broker, ReadPositions, RoomDirectory } from '@chorus/broker';
import type { AccessList, MembershipList } from '@chorus/control';
import type { Database } from '@chorus/database';
import type { Closeable, Logger } from '@chorus/service';
import { PasswordResets } from '../auth/reset/password-resets.js';
import type { UserRepository } from '../auth/user-repository.js';
import type { BanService } from '../bans/service.js';
import type { ApiConfig } from '../config.js';
import { AnswerRemoval } from '../idempotency/answer-removal.js';
import { StoredAnswers } from '../idempotency/stored-answers.js';
import type { InviteServices } from '../invites/dependencies.js';
import { InviteRepository } from '../invites/repository.js';
import { InviteService } from '../invites/service.js';
import { MembershipMirror } from '../outbox/membership-mirror.js';
import { MembershipPages } from '../outbox/membership-pages.js';
import { Outbox } from '../outbox/outbox.js';
import { RoomAccess } from '../rooms/access.js';
import type { RoomRepository } from '../rooms/repository.js';
import { RoomService } from '../rooms/service.js';
import type { RevokedSessionRepository } from '../sessions/revoked-session-repository.js';
import type { SessionService } from '../sessions/service.js';
import { DeletionRepository } from '../users/deletion-repository.js';
import { UserDeletions } from '../users/deletions.js';
import { UserService, type UserServices } from '../users/service.js';
import type { MemberServices } from './dependencies.js';
import { MemberRepository } from './repository.js';
import { RoomChanges } from './room-changes.js';
import { MemberService } from './service.js';

export interface RoomParts {
  readonly db: Database;
  readonly rooms: RoomRepository;
  readonly users: UserRepository;
  readonly directory: RoomDirectory;
  readonly access: AccessList;
  readonly memberships: MembershipList;
  readonly publisher: Pick<Broker, 'publish'>;
  readonly bans: BanService;
  readonly sessions: Pick<SessionService, 'end'>;
  readonly revokedSessions: RevokedSessionRepository;
  readonly reads: Pick<ReadPositions, 'ofRoom'>;
  readonly log: Logger;
}

/** What changes users, rooms, members and invitations, and what delivers the changes to gateways. */
export interface ChangingServices extends MemberServices, InviteServices, UserServices {
  readonly rooms: RoomService;
  readonly answers: StoredAnswers;
  /** Work of every API, beside requests. */
  readonly background: ReadonlyArray<Closeable & { start(): void }>;
}

export function createRoomServices(config: ApiConfig, parts: RoomParts): ChangingServices {
  const { db, rooms, users, directory, memberships, bans, log } = parts;
  const outbox = new Outbox(parts);
  const changes = new RoomChanges(db);
  const access = new RoomAccess(rooms, config.auth.mode);
  const memberRepository = new MemberRepository(db);
  const { maxRoomsPerUser, maxDirectUsers, maxMembersPerRoom: maxMembers } = config;
  const accountsElsewhere = config.auth.mode === 'open';
  const common = { changes, access, outbox, log };
  const members = new MemberService({
    ...common,
    reads: parts.reads,
    members: memberRepository,
    accountsElsewhere,
    maxMembers,
  });
  const invites = new InviteService({
    ...{ changes, members, outbox, rooms: access, access: parts.access },
    ...{ invites: new InviteRepository(db), maxInvites: config.maxInvitesPerRoom },
  });
  const userDeletions = new UserDeletions({
    ...{ changes, outbox, directory, log, sessions: parts.sessions },
    deletions: new DeletionRepository(db, parts.revokedSessions),
  });
  const accounts = new UserService({
    ...{ users, deletions: userDeletions, resets: new PasswordResets(db) },
    passwordsOn: config.passwordsOn,
  });
  const answers = new StoredAnswers(db);
  const membershipMirror = new MembershipMirror({
    ...{ memberships, outbox, directory, log },
    pages: new MembershipPages(db),
  });
  return {
    ...{ answers, accounts },
    ...{ members, memberRepository, invites },
    rooms: new RoomService({ ...common, rooms, users, directory, bans, maxRoomsPerUser, maxDirectUsers }),
    background: [membershipMirror, userDeletions, new AnswerRemoval(answers, log)],
  };
}
