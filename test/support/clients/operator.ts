import type { Cluster } from '@chorus/cluster';
import { type Answer, type RequestOptions, request } from './people.js';

/** Lets the first API of a test cluster serve operators, on a port that is free. */
export const OPERATOR_SETTINGS = { OPERATOR_PORT: '0', OPERATOR_TOKEN: 'for-tests-only' };

/** One request of an operator. @throws when it is not answered with success */
export async function operate(
  { operatorUrl }: Pick<Cluster, 'operatorUrl'>,
  call: string,
  body?: unknown,
): Promise<Answer> {
  const [method = '', path = ''] = call.split(' ');
  const options: RequestOptions = { method, token: OPERATOR_SETTINGS.OPERATOR_TOKEN, body };
  const answer = await request(`${operatorUrl}${path}`, options);
  if (answer.status >= 300) throw new Error(`${call}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer;
}
