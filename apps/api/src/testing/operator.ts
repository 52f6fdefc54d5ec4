import { type ControlEvent, MemoryBroker, MemoryRoomDirectory, MemoryRoomStore } from '@chorus/broker';
import { IGNORE } from '@chorus/broker/testing';
import { MemoryNodeRegistry } from '@chorus/control';
import type { Database } from '@chorus/database';
import type { Answer } from '@chorus/testing';
import { expect } from 'chai';
import { Client, type RunningApi, startApi } from './api.js';

export const OPERATOR_TOKEN = 'the-operator-token-of-all-tests';

export const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });

/** An API with an operator port, on an empty database. */
export interface OperatorFixture {
  readonly running: RunningApi;
  readonly nodes: MemoryNodeRegistry;
  /** Events that gateways received. */
  readonly events: ControlEvent[];
  /** Sends no token. */
  readonly anonymous: Client;
  readonly operator: Client;
  /** Logged actions of operators. */
  logged(): object[];
}

export async function startOperatorApi(
  db: Database,
  env: Readonly<Record<string, string>> = {},
): Promise<OperatorFixture> {
  await db.$executeRaw`TRUNCATE rooms, bans, users RESTART IDENTITY CASCADE`;
  const rooms = new MemoryRoomStore();
  const nodes = new MemoryNodeRegistry();
  const events: ControlEvent[] = [];
  rooms.channels.attach({
    ...IGNORE,
    onControl: (event) => events.push(event),
  });
  const running = await startApi(
    db,
    { OPERATOR_PORT: '0', OPERATOR_TOKEN, ...env },
    { nodes, directory: new MemoryRoomDirectory(rooms), messagePublisher: new MemoryBroker(rooms) },
  );
  const anonymous = new Client(`http://127.0.0.1:${running.api.operatorPort}`);
  return {
    running,
    nodes,
    events,
    anonymous,
    operator: anonymous.with(bearer(OPERATOR_TOKEN)),
    logged: () =>
      running.log
        .map((line): Record<string, unknown> => JSON.parse(line))
        .filter(({ msg }) => msg === 'operator')
        .map(({ level, time, pid, hostname, nodeId, requestId, msg, ...rest }) => rest),
  };
}

export function expectAnswer(answer: Answer, status: number, body: unknown): void {
  expect([answer.status, answer.body]).to.deep.equal([status, body]);
}
