import { randomInt } from 'node:crypto';
import { openapi } from '@chorus/api';
import { Tokens } from '@chorus/auth';
import { createDatabase, type Database } from '@chorus/database';
import { KEY_SCOPE_NAMES } from '@chorus/protocol';
import { patiently } from '@chorus/testing';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'chai';
import fc from 'fast-check';
import { ISSUER_SETTINGS, identityToken } from '../support/clients/identity-token.js';
import { MAIL_SETTINGS } from '../support/clients/mail.js';
import { OPERATOR_SETTINGS, operate } from '../support/clients/operator.js';
import { createPerson, createRoom, type Person, request } from '../support/clients/people.js';
import { startTestCluster, type TestCluster } from '../support/servers/cluster.js';
import { AnswerCheck } from './answer-check.js';
import { requestsFor } from './arbitraries.js';
import { type Document, jsonOf, type Operation, operationsOf } from './document.js';
import { closeRequests, type RawRequest, send } from './raw-request.js';

/** `FUZZ_SEED` repeats a run, `FUZZ_RUNS` lengthens it. */
const SEED = Number(process.env.FUZZ_SEED ?? randomInt(2 ** 31));
const RUNS = Number(process.env.FUZZ_RUNS ?? 40);
/** Operations that end all sessions of a user. */
const ENDING = new Set(['changePassword', 'endSessions']);
/** Time after which no further requests are made up for an operation, in milliseconds. */
const LIMIT_MS = Number(process.env.FUZZ_RUNS ? 600_000 : 700);

/** Looks at made-up cases until the time is over; on a slow machine that may be before the first one. */
async function holds<T>(property: fc.IAsyncProperty<T>, numRuns: number): Promise<void> {
  const result = await fc.check(property, { seed: SEED, numRuns, interruptAfterTimeLimit: LIMIT_MS });
  if (result.counterexample !== null) throw new Error(fc.defaultReportMessage(result));
}

describe(`requests made up from the document (FUZZ_SEED=${SEED})`, function () {
  this.timeout(60_000);
  const document = JSON.parse(JSON.stringify(openapi())) as Document;
  const check = new AnswerCheck(document);
  const bodies = new Ajv2020({ strict: false });
  formats.default(bodies);
  bodies.addSchema({ $id: 'document', components: document.components });
  let cluster: TestCluster;
  let database: Database | undefined;
  let dispatcher: NodeJS.Timeout | undefined;
  let person: Person;
  let applicationKey: string;
  let botKey: string;
  /** A user who may be renamed and deleted. */
  let spare: number;
  /** Token of a link by which the other user may choose a password. */
  let resetToken: string;
  /** Position of a message of room 1, as it is in paths. */
  let message: string;
  /** Number of times that all sessions of the person were ended. */
  let generation = 0;
  /** Another user, and a room with that member and two invitations, which no other request reaches by chance. */
  let other: Person;
  const CLUB = 1_000_000_007;
  const codes: string[] = [];

  before(async () => {
    const env = {
      ...OPERATOR_SETTINGS,
      ...ISSUER_SETTINGS,
      ...{ SIGNUP_ATTEMPTS_PER_ACCOUNT: '1000000', MAILS_PER_ACCOUNT: '1000000' },
      ...MAIL_SETTINGS,
      SIGNIN_FAILURES_PER_ACCOUNT: '1000000',
      MAX_CONNECTS_PER_SECOND: '1000000',
    };
    cluster = await startTestCluster({ apis: 1, gateways: 1, archivers: 0, env });
    person = await createPerson(cluster.url, 'fuzz');
    applicationKey = await newKey();
    const bot = { body: { username: 'fuzz-bot', kind: 'bot' }, token: applicationKey };
    const created = { body: { username: 'spare' }, token: applicationKey };
    spare = (await request(`${cluster.url}/api/users`, created)).body.id;
    botKey = await newKey((await request(`${cluster.url}/api/users`, bot)).body.id);
    for (let room = 0; room < 3; room++) await createRoom(cluster.url, person);
    for (let id = 1; id <= 20; id++) {
      await request(`${cluster.url}/api/rooms`, { body: { id, name: `room ${id}` }, token: person.token });
    }
    other = await createPerson(cluster.url, 'other');
    resetToken = (await operate(cluster, `POST /users/${other.id}/reset-link`)).body.token;
    const club = `${cluster.url}/api/rooms/${CLUB}`;
    await request(`${cluster.url}/api/rooms`, { body: { id: CLUB, name: 'club' }, token: person.token });
    const member = { method: 'PUT', body: {}, token: person.token };
    await request(`${club}/members/${other.id}`, member);
    for (let count = 0; count < 2; count++) {
      const { body } = await request(`${club}/invites`, { body: {}, token: person.token });
      codes.push((body as { code: string }).code);
    }
    message = await newMessage();
    await operate(cluster, 'POST /webhooks', { url: 'https://example.com' });
    await newEvent();
    // In place of a dispatcher, which would send events to the webhook.
    database = createDatabase(cluster.postgres.url, { poolSize: 1, timeoutMs: patiently(10_000) });
    dispatcher = setInterval(() => {
      database?.webhookTest.updateMany({ data: { status: 204, ms: 7 } }).catch(() => undefined);
    }, 100);
  });
  after(async () => {
    closeRequests();
    clearInterval(dispatcher);
    await database?.$disconnect();
    await cluster?.close();
  });

  const newKey = async (botId?: number): Promise<string> =>
    (await operate(cluster, 'POST /keys', { name: 'fuzz', scopes: KEY_SCOPE_NAMES, botId })).body.key;

  /** Makes the log have one event. No dispatcher runs, which would send it to webhooks. */
  const newEvent = async (): Promise<void> => {
    const db = createDatabase(cluster.postgres.url, { poolSize: 1, timeoutMs: patiently(10_000) });
    await db.$executeRaw`INSERT INTO events (position, type, at) VALUES (1, 'user.created', now())`;
    await db.$executeRaw`UPDATE event_log SET position = 1`;
    await db.$disconnect();
  };

  const newMessage = async (): Promise<string> => {
    const url = `${cluster.url}/api/rooms/1/messages`;
    const { body } = await request(url, { body: { content: 'x' }, token: token() });
    const { epoch, seq } = body as { epoch: number; seq: number };
    return `${epoch}-${seq}`;
  };

  /** Each request has one of its own: signing out with it ends no other. */
  const token = (): string => new Tokens(cluster.jwtSecret).sign(person, generation);

  /** Credentials that may use an operation: an API key where users may not, and sometimes where they may. */
  const credentialsFor = ({ security = [] }: Operation): string => {
    const takesTokens = security.some((one) => 'bearer' in one);
    const takesKeys = security.some((one) => 'apiKey' in one);
    if (!takesTokens && takesKeys) return botKey;
    return takesKeys && randomInt(3) === 0 ? applicationKey : token();
  };

  /** Where that is answered: straight, so that nothing in between smooths it. */
  const placeOf = ({ responses }: Operation): string =>
    ('101' in responses ? cluster.gateways : cluster.apis)[0]?.url ?? '';

  /** One that succeeds: of a room that there is, by somebody who may. */
  function goodRequest(operation: Operation): RawRequest {
    const { operationId, method, path, security = [] } = operation;
    const { email, password } = person;
    const bodies: Readonly<Record<string, object>> = {
      signUp: { username: 'new', email: 'new@example.com', password },
      signIn: { email, password },
      exchange: { token: identityToken({ sub: 'new' }) },
      forgotPassword: { email },
      resetPassword: { token: resetToken, newPassword: `${password} again` },
      changeProfile: { displayName: 'new' },
      deleteAccount: { password: `${password} again` },
      createOriginalRoom: { name: 'new' },
      createRoom: { name: 'new' },
      createUser: { username: 'newer' },
      changeUser: { username: 'newest' },
      renameRoom: { name: 'new' },
      openDirectRoom: { userIds: [other.id] },
      putMember: { role: 'moderator' },
      muteMember: { seconds: 0 },
      createInvite: {},
      sendMessage: { content: 'new' },
      sendMessages: { messages: [{ roomId: 1, content: 'new' }] },
      editMessage: { content: 'new' },
      appendToMessage: { text: 'new' },
      reportMessage: { reason: 'new' },
      markRead: { position: message },
      createWebhook: { url: 'https://example.com' },
      changeWebhook: {},
      rotateWebhookSecret: {},
      resumeWebhook: { after: 'evt_1' },
      redeliverEvents: { from: '2000-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' },
      changePassword: { currentPassword: password, newPassword: `${password} again` },
    };
    const body = bodies[operationId] && JSON.stringify(bodies[operationId]);
    return {
      method,
      path: path
        .replace('{position}', message)
        .replace('{roomId}/members/{userId}', `${CLUB}/members/${other.id}`)
        .replace('{roomId}/invites/{code}', `${CLUB}/invites/${codes[1]}`)
        .replace('{code}', String(codes[0]))
        .replace('/users/{userId}', `/users/${spare}`)
        .replaceAll(/\{\w+\}/g, '1')
        .concat(operationId === 'findUsers' ? '?search=fu' : ''),
      headers: {
        authorization: `Bearer ${security.length === 1 ? botKey : token()}`,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(body.length) }),
      },
      body,
    };
  }

  /** What an answer to it shows to be wrong. */
  async function problemWith(operation: Operation, asked: RawRequest): Promise<string | undefined> {
    const answer = await send(placeOf(operation), asked);
    if (ENDING.has(operation.operationId) && answer.status < 300) generation++;
    if (answer.status >= 500 && answer.status !== 503) return `${answer.status}: ${answer.text}`;
    // Nothing is away here.
    if (answer.status === 503) return `503: ${answer.text}`;
    const schema = jsonOf(operation.requestBody?.content);
    if (answer.status < 300 && schema !== undefined) {
      const validate = bodies.compile(
        JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/')),
      );
      // No body is one without fields.
      const body = new TextDecoder().decode(Buffer.from(asked.body ?? '')) || '{}';
      if (!validate(JSON.parse(body)))
        return `a body was taken that is not as documented: ${body.slice(0, 500)}`;
    }
    return check.problemOf({ ...asked, ...answer });
  }

  // What deletes comes last: the others need what there is.
  const operations = operationsOf(document).sort((one, other) => rank(one) - rank(other));
  for (const operation of operations) {
    const { method, path, operationId, responses } = operation;
    it(`${method} ${path}: nothing undocumented comes of them, and no failure of the server`, async () => {
      if (path.includes('{position}')) message = await newMessage();
      const requests = requestsFor(document, operation, () => credentialsFor(operation))
        .filter(fits(operation))
        // There are no events to wait for.
        .filter(({ path: asked }) => !/\bwait=0*[1-9]/.test(asked));
      expect(await problemWith(operation, goodRequest(operation))).to.equal(undefined);
      await holds(
        fc.asyncProperty(requests, async (asked) => {
          const problem = await problemWith(operation, asked);
          if (problem !== undefined) throw new Error(problem);
        }),
        RUNS,
      );
      // The good one, at least, was not refused at the door.
      const success = '101' in responses ? '426' : Object.keys(responses).find((status) => status < '400');
      expect([...check.seen]).to.include(`${operationId} ${success}`);
    });
  }

  it('methods that a path does not have are answered with 405', async () => {
    for (const [path, item] of Object.entries(document.paths)) {
      const place = placeOf(Object.values(item)[0] as Operation);
      const [, allowed] = ['', Object.keys(item).map((method) => method.toUpperCase())];
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        if (allowed.includes(method)) continue;
        const answer = await send(place, { method, path: path.replaceAll(/\{\w+\}/g, '1'), headers: {} });
        expect(answer.status, `${method} ${path}`).to.equal(405);
        const named = (answer.headers.get('allow') ?? '').split(', ').filter((name) => name !== 'HEAD');
        expect(named, path).to.have.members(allowed);
      }
    }
  });

  it('paths that are like those of the document, and are not, are answered with 404', async () => {
    const paths = fc
      .tuple(
        fc.constantFrom(...Object.keys(document.paths)),
        fc.constantFrom('/more', '.json', '-', '/../x/y', ';a=b/c', '/%2e%2e/z', '%00'),
      )
      .map(([path, more]) => `${path.replaceAll(/\{\w+\}/g, '1')}${more}`)
      .filter((path) => ['GET', 'POST', 'DELETE'].every((method) => !check.operationFor(method, path)));
    await holds(
      fc.asyncProperty(paths, fc.constantFrom('GET', 'POST', 'DELETE'), async (path, method) => {
        const headers = { authorization: `Bearer ${token()}` };
        const answer = await send(cluster.apis[0]?.url ?? '', { method, path, headers });
        expect(answer.status, `${method} ${path}`).to.be.oneOf([404, 405]);
        const problem = check.problemOf({ method, path, ...answer });
        expect(problem).to.equal(undefined);
      }),
      100,
    );
  });

  it('headers that are too large are answered with 431', async () => {
    const headers = { 'x-large': 'x'.repeat(20_000), authorization: `Bearer ${token()}` };
    for (const operation of operationsOf(document).filter(({ responses }) => !('101' in responses))) {
      const asked = { method: operation.method, path: operation.path.replaceAll(/\{\w+\}/g, '1'), headers };
      const answer = await send(placeOf(operation), asked);
      expect(answer.status).to.equal(431);
      expect(check.problemOf({ ...asked, ...answer })).to.equal(undefined);
    }
  });
});

function rank({ method, path }: Operation): number {
  if (method !== 'DELETE') return 0;
  // The user of other requests, and with the next one any user.
  if (path === '/api/users/me') return 3;
  if (path === '/api/users/{userId}') return 4;
  return path.includes('{position}') ? 1 : 2;
}

/**
 * The WebSocket library answers requests of more than some kilobytes itself, and not in JSON, before anything of ours hears
 * of them.
 */
function fits({ responses }: Operation): (asked: RawRequest) => boolean {
  const limit = '101' in responses ? 2_000 : Number.POSITIVE_INFINITY;
  return ({ path, headers }) => path.length + JSON.stringify(headers).length <= limit;
}
