import { readFileSync } from 'node:fs';
import { request, watchRequests } from '@chorus/testing';
import { expect } from 'chai';
import { OPENAPI } from '../../docs/openapi.js';
import { AnswerCheck } from '../../openapi/answer-check.js';
import type { Document } from '../../openapi/document.js';
import { expectBody } from '../expectations.js';
import type { Target } from '../target.js';

export function describeDocument(target: () => Target): void {
  it('GET /openapi.json is the document that is kept with the sources', async () => {
    const answer = await request(`${target().url}/openapi.json`);
    expectBody(answer, 200, JSON.parse(readFileSync(OPENAPI, 'utf8')));
  });

  it('GET /api/docs shows it', async () => {
    const answer = await request(`${target().url}/api/docs`);
    expect(answer.status).to.equal(200);
    expect(answer.headers.get('content-type')).to.equal('text/html; charset=utf-8');
    expect(answer.body).to.include('/api/docs/page.js');
  });

  it('GET /livez and GET /readyz say how the API is', async () => {
    expectBody(await request(`${target().url}/livez`), 200, { status: 'live' });
    expectBody(await request(`${target().url}/readyz`), 200, { status: 'ready' });
  });
}

/** Holds every answer that the suite around it gets against the document, and sees to it that each operation succeeds. */
export function holdAgainstDocument(target: () => Target): void {
  const check = new AnswerCheck(JSON.parse(readFileSync(OPENAPI, 'utf8')) as Document);
  const problems: string[] = [];
  let stop: () => void;
  before(() => {
    stop = watchRequests((exchange) => {
      const { origin, pathname, search } = new URL(exchange.url);
      // The document does not describe the operator API.
      if (origin === target().operatorUrl) return;
      // Pages, and so none of the document's business.
      if (pathname.startsWith('/api/docs') || pathname === '/api/reset-password') return;
      const problem = check.problemOf({ ...exchange, path: pathname + search });
      if (problem !== undefined) problems.push(problem);
    });
  });
  after(() => stop());

  describe('its document', () => {
    it('says what was answered to every request of this suite', () => {
      expect(problems).to.deep.equal([]);
    });

    it('says nothing that was not answered: every operation succeeded', () => {
      const expected = check.operations.map(({ operationId, responses }) => {
        const success = Object.keys(responses).find((status) => status < '400');
        // Upgrades are no requests of this kind; what they are for is looked at by the suites of sockets.
        return `${operationId} ${success === '101' ? '426' : success}`;
      });
      expect([...check.seen]).to.include.members(expected);
    });
  });
}
