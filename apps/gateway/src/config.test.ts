import { ConfigError } from '@chorus/service';
import { expect } from 'chai';
import { loadGatewayConfig } from './config.js';

const JWT_SECRET = 'a secret for tests that is long enough';

describe("the gateway's settings", () => {
  it('name the replacement of GATEWAY_PROCESSES if it is still set', () => {
    for (const value of ['4', 'auto', '1']) {
      expect(() => loadGatewayConfig({ JWT_SECRET, GATEWAY_PROCESSES: value })).to.throw(
        ConfigError,
        `GATEWAY_PROCESSES="${value}" is no longer a setting: unset it, and start one gateway per core, each with its own PORT, behind the load balancer`,
      );
    }
    expect(loadGatewayConfig({ JWT_SECRET, GATEWAY_PROCESSES: '' }).port).to.equal(4000);
  });
});
