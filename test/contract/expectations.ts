import { connectPlain, type PlainSocketOptions, UpgradeRefused } from '@chorus/testing';
import { expect } from 'chai';
import type { Answer } from '../support/clients/people.js';

export const JSON_TYPE = 'application/json; charset=utf-8';

/** The answer is this body, exactly, as JSON. */
export function expectBody(answer: Answer, status: number, body: unknown): void {
  expect(answer.body).to.deep.equal(body);
  expect(answer.status).to.equal(status);
  expect(answer.headers.get('content-type')).to.equal(JSON_TYPE);
}

/** Requests of the original service, whose failures are `{"error": "…"}` and nothing else. */
const ORIGINAL =
  /^(POST \/(api\/users\/sign(up|in)|ws\/create-room)|GET \/(api\/users\/logout|ws\/(join-room\/[^/]+|get-rooms|get-clients(\/[^/]+)?)))$/;

/** The answer is `{"error": "…"}`, beside `code` on all routes but the original service's. @returns the text */
export function expectError(answer: Answer, status: number): string {
  const { method, url } = answer;
  const error = errorOf(answer.body, ORIGINAL.test(`${method} ${new URL(url).pathname}`));
  expect(answer.status, error).to.equal(status);
  expect(answer.headers.get('content-type')).to.equal(JSON_TYPE);
  return error;
}

/** The upgrade is refused with `{"error": "…"}`, and nothing else unless the path is another route. @returns the text */
export async function expectRefusal(
  status: number,
  url: string,
  roomId: number | string,
  token: string | undefined,
  options?: PlainSocketOptions,
): Promise<string> {
  const refusal = await connectPlain(url, roomId, token, options).then(
    () => {
      throw new Error(`the upgrade was not refused with ${status}`);
    },
    (error: unknown) => error,
  );
  if (!(refusal instanceof UpgradeRefused)) throw refusal;
  const error = errorOf(refusal.body, !String(roomId).includes('/'));
  expect(refusal.status, error).to.equal(status);
  expect(refusal.headers['content-type']).to.equal(JSON_TYPE);
  return error;
}

function errorOf(body: unknown, original: boolean): string {
  expect(body).to.have.all.keys(original ? ['error'] : ['error', 'code']);
  const { error } = body as { error: unknown };
  expect(error).to.be.a('string').that.is.not.empty;
  return String(error);
}
