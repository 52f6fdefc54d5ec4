import { expect } from 'chai';
import { REFUSALS, type RefusalCode, type TextDetails } from './catalogue.js';
import type { CatalogueEntry } from './catalogue-entry.js';
import { CLOSE } from './close-codes.js';
import { isOriginalRoute } from './original-routes.js';
import { ERROR_CODES, HTTP_ERROR_CODES, Refusal, refusalText, UPGRADE_ERROR_CODES } from './refusal.js';

const ENTRIES = Object.entries(REFUSALS) as Array<[RefusalCode, CatalogueEntry]>;

describe('the catalogue of refusals', () => {
  it('says where each code occurs', () => {
    for (const [code, { status, upgrade, frame }] of ENTRIES) {
      expect(status !== undefined || frame === true, code).to.equal(true);
      expect(upgrade !== true || status !== undefined, code).to.equal(true);
    }
    const listed = new Set<string>([...HTTP_ERROR_CODES, ...ERROR_CODES]);
    expect([...listed].sort()).to.deep.equal(Object.keys(REFUSALS).sort());
    expect(HTTP_ERROR_CODES).to.include.members(UPGRADE_ERROR_CODES);
  });

  it('has each text once', () => {
    const texts = ENTRIES.flatMap(([code, { text }]) =>
      // One token that is not valid, on sockets and in requests.
      typeof text === 'string' && code !== 'invalid_token' ? [text] : [],
    );
    expect(new Set(texts).size).to.equal(texts.length);
    expect(refusalText('unauthenticated', 'invalid')).to.equal(refusalText('invalid_token'));
  });

  it('lets clients retry what the server is the reason for, and reconnect after it', () => {
    for (const [code, { status = 0, retry, close }] of ENTRIES) {
      if (status === 429 || status === 500 || status === 503) expect(retry, code).to.equal(true);
      if (close !== undefined) expect(close.reconnect, code).to.equal(retry);
    }
  });
});

describe('a refusal', () => {
  it('has the status, the headers, the close code and the text of its code', () => {
    const refusal = new Refusal('user_limit');
    expect(refusal).to.include({ status: 429, close: CLOSE.tooManyMessages });
    expect(refusal.message).to.equal('too many connections of this user');
    expect(refusal.headers).to.deep.equal({ 'Retry-After': '10' });
    expect(refusal.with({ 'Retry-After': '3', Connection: 'close' }).headers).to.deep.equal({
      'Retry-After': '3',
      Connection: 'close',
    });
    expect(new Refusal('user_limit').headers).to.deep.equal({ 'Retry-After': '10' });
  });

  it('names fields and limits in its text', () => {
    const details: TextDetails<'password_too_short'> = ['newPassword', 8];
    const { message } = new Refusal('password_too_short', ...details);
    expect(message).to.equal('newPassword must be at least 8 characters long');
  });

  it('has a code in its body, except on the routes of the original service', () => {
    const refusal = new Refusal('room_not_found');
    const body = { error: 'there is no such room', code: 'room_not_found' };
    expect(refusal.bodyFor()).to.deep.equal(body);
    expect(refusal.bodyFor({ method: 'GET', path: '/api/rooms/1' })).to.deep.equal(body);
    expect(refusal.bodyFor({ method: 'GET', path: '/ws/connect' })).to.deep.equal(body);
    const original = refusal.bodyFor({ method: 'GET', path: '/ws/join-room/1' });
    expect(JSON.stringify(original)).to.equal('{"error":"there is no such room"}');
  });
});

describe('the routes of the original service', () => {
  const ORIGINAL = [
    ['POST', '/api/users/signup'],
    ['POST', '/api/users/signin'],
    ['GET', '/api/users/logout'],
    ['POST', '/ws/create-room'],
    ['GET', '/ws/join-room/1'],
    ['GET', '/ws/get-rooms'],
    ['GET', '/ws/get-clients'],
    ['HEAD', '/ws/get-clients/%20'],
  ];
  const OTHERS = [
    ['POST', '/api/users/logout'],
    ['GET', '/api/users/signin'],
    ['GET', '/ws/create-room'],
    ['GET', '/ws/connect'],
    ['GET', '/ws/join-room'],
    ['GET', '/ws/join-room/1/2'],
    ['GET', '/x/ws/get-rooms'],
    ['constructor', '/'],
  ];

  for (const [routes, expected] of [
    [ORIGINAL, true],
    [OTHERS, false],
  ] as const) {
    for (const [method = '', path = ''] of routes) {
      it(`${expected ? 'are' : 'are not'} ${method} ${path}`, () => {
        expect(isOriginalRoute({ method, path })).to.equal(expected);
      });
    }
  }
});
