import { expect } from 'chai';
import { nodesReport } from './report.js';
import { PHASES, simulateNodes } from './simulate-nodes.js';

describe('the simulation of many gateways', function () {
  this.timeout(120_000);

  it('measures Redis and three gateways in each phase', async () => {
    const options = { nodes: [3], sockets: 40, seconds: 1, events: 20, joins: 100 };
    const measurements = await simulateNodes(options, () => undefined);
    expect(measurements.map(({ phase }) => phase)).to.deep.equal(PHASES);
    for (const each of measurements) {
      for (const name of ['redisMs', 'commands', 'sentKb', 'nodeMs'] as const) {
        expect(each[name], `${each.phase}: ${name}`).to.be.greaterThan(0);
      }
    }
    const [idle, events, joins, rebalancing] = measurements;
    expect(events?.calls.publish ?? 0).to.be.greaterThan(idle?.calls.publish ?? 0);
    expect(joins?.commands).to.be.greaterThan(idle?.commands ?? 0);
    expect(rebalancing?.moved).to.be.greaterThan(0);
    expect(idle?.moved).to.equal(0);
    const report = nodesReport(measurements);
    for (const phase of PHASES) expect(report).to.contain(phase);
    expect(report).to.match(/calls per second: \w+ \d/);
  });
});
