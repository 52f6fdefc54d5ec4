import { eventually } from '@chorus/testing';
import { expect } from 'chai';
import { OPERATOR_SETTINGS, operate } from '../support/clients/operator.js';
import { request } from '../support/clients/people.js';
import { readMetrics } from '../support/metrics.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';

/** Longer than an outage takes to be noticed and counts to be stored, on a busy machine. */
const LONG_MS = 60_000;

interface Entry {
  readonly action: string;
  readonly status: number;
  readonly count: number;
  readonly roomId: number | null;
}

describe('the audit of two APIs', function () {
  this.timeout(180_000);
  let cluster: TestCluster;
  let key: { id: string; key: string };
  let bot: number;

  before(async () => {
    cluster = await startTestCluster({
      ...{ apis: 2, gateways: 1, archivers: 0, dispatchers: 1, ownServers: true, operatorPorts: true },
      env: { ...OPERATOR_SETTINGS, DATABASE_TIMEOUT_MS: '2000', REDIS_TIMEOUT_MS: '5000' },
    });
    key = await newKey();
    bot = (await ask(0, 'POST', '/users', { username: 'helper', kind: 'bot' })).body.id;
  });
  after(() => cluster?.close());

  const newKey = async (): Promise<{ id: string; key: string }> => {
    const scopes = ['users:write', 'rooms:write', 'messages:write', 'act-as'];
    return (await operate(cluster, 'POST /keys', { name: 'program', scopes })).body;
  };
  const ask = (api: number, method: string, path: string, body?: unknown, as?: number) =>
    request(`${cluster.apis[api]?.url}/api${path}`, {
      ...{ method, token: key.key, body },
      headers: as === undefined ? {} : { 'X-Chorus-User': String(as) },
    });
  const list = async (query: string): Promise<Entry[]> =>
    (await operate(cluster, `GET /audit?limit=100&${query}`)).body.entries;
  const sum = (entries: readonly Entry[]): number => entries.reduce((total, { count }) => total + count, 0);

  it('has what both record, once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => ask(n % 2, 'POST', '/rooms', { name: `room ${n}` })),
    );
    const made = answers.map(({ body }) => body.id).sort((a, b) => a - b);
    const entries = await list(`action=createRoom&keyId=${key.id}`);
    expect(entries.map(({ roomId }) => roomId).sort((a, b) => Number(a) - Number(b))).to.deep.equal(made);
    const [room] = made;
    const path = `/rooms/${room}/messages`;
    await eventually(async () => {
      for (const api of [0, 1])
        expect((await ask(api, 'POST', path, { content: 'x' }, bot)).status).to.equal(201);
    });
    for (let n = 0; n < 20; n++) await ask(n % 2, 'POST', path, { content: 'x' }, bot);
    await eventually(async () => {
      const sent = await list(`action=sendMessage&roomId=${room}&userId=${bot}`);
      expect(sum(sent.filter(({ status }) => status === 201))).to.be.at.least(22);
    }, LONG_MS);
  });

  it('has what happened while PostgreSQL was away, once it is back, and nothing twice', async () => {
    const [room] = (await list('action=createRoom')).map(({ roomId }) => roomId);
    const path = `/rooms/${room}/messages`;
    let sent = 0;
    const send = async (): Promise<number> => {
      const { status } = await ask(0, 'POST', path, { content: 'y' }, bot);
      if (status === 201) sent++;
      return status;
    };
    for (let n = 0; n < 10; n++) expect(await send()).to.equal(201);
    await cluster.postgres.member?.stop();
    // Keys are refused within a second; what operators do to gateways goes on.
    await eventually(async () => expect(await send()).to.equal(503), LONG_MS);
    const broadcasts = await Promise.all(
      Array.from({ length: 5 }, () => operate(cluster, 'POST /broadcast', { content: 'PostgreSQL is away' })),
    );
    expect(broadcasts.map(({ status }) => status)).to.deep.equal(Array(5).fill(202));
    const metrics = await readMetrics(cluster.apis[0]?.operatorUrl ?? '');
    expect(metrics.value('chorus_api_audit_entries_waiting')).to.be.at.least(5);
    await cluster.postgres.member?.start();
    await eventually(async () => {
      expect(sum(await list('action=broadcast'))).to.equal(5);
      const counted = (await list(`action=sendMessage&roomId=${room}`)).filter(
        ({ status }) => status === 201,
      );
      expect(sum(counted)).to.equal(sent);
    }, LONG_MS);
    await eventually(async () => {
      const after = await readMetrics(cluster.apis[0]?.operatorUrl ?? '');
      expect(after.value('chorus_api_audit_entries_waiting')).to.equal(0);
      expect(after.value('chorus_api_audit_entries_total{outcome="lost"}')).to.equal(0);
    }, LONG_MS);
  });

  it('has what was counted when an API ends', async () => {
    const room = (await ask(1, 'POST', '/rooms', { name: 'last' })).body.id;
    const answers = await Promise.all(
      Array.from({ length: 7 }, () => ask(1, 'POST', `/rooms/${room}/messages`, { content: 'z' }, bot)),
    );
    const sent = answers.filter(({ status }) => status === 201).length;
    await cluster.apis[1]?.stop();
    expect(
      sum((await list(`action=sendMessage&roomId=${room}`)).filter(({ status }) => status === 201)),
    ).to.equal(sent);
    expect(sent).to.be.above(0);
  });
});
