import { until } from '@chorus/testing';
import { expect } from 'chai';
import { RefusalLog, type RefusedUpgrade } from './refusal-log.js';

describe('the log of refused upgrades', () => {
  it('has one line for the first refusal, and one for all further refusals within a second', async () => {
    const lines: object[] = [];
    const log = new RefusalLog({ info: (line: object) => lines.push(line) } as never);
    const upgrade: RefusedUpgrade = {
      reason: 'unauthenticated',
      status: 401,
      path: `/ws/${'x'.repeat(1_000)}`,
      error: 'a token is required',
      requestId: undefined,
    };
    for (let count = 0; count < 1_000; count++) log.refused(upgrade);
    log.refused({ ...upgrade, reason: 'gateway_full', status: 503, path: '/ws/connect', error: 'full' });
    expect(lines).to.have.length(1);
    expect(lines[0]).to.deep.include({
      status: 401,
      refused: { unauthenticated: 1 },
      path: upgrade.path.slice(0, 200),
    });
    await until(() => lines.length >= 2);
    expect(lines[1]).to.deep.include({
      path: '/ws/connect',
      refused: { unauthenticated: 999, gateway_full: 1 },
    });
  });
});
