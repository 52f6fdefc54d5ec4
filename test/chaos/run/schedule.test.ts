import { expect } from 'chai';
import { FAULT_KINDS, FAULT_KINDS_BY_REDIS } from '../faults/fault-kinds.js';
import { planFaults } from './schedule.js';

describe('the schedule of faults', () => {
  it('is determined by its seed', () => {
    expect(planFaults(7, 60, FAULT_KINDS)).to.deep.equal(planFaults(7, 60, FAULT_KINDS));
    expect(planFaults(7, 60, FAULT_KINDS)).to.not.deep.equal(planFaults(8, 60, FAULT_KINDS));
  });

  it('has every kind within four minutes, for any seed', () => {
    for (const wanted of Object.values(FAULT_KINDS_BY_REDIS)) {
      for (let seed = 0; seed < 200; seed++) {
        const { servers, clients } = planFaults(seed, 240, wanted);
        const kinds = new Set([...servers, ...clients].map(({ kind }) => kind));
        expect([...kinds]).to.have.members([...wanted]);
      }
    }
  });

  it('has only the requested kinds, in order of time, and nothing after the end', () => {
    const { servers, clients } = planFaults(3, 40, ['redis-kill', 'gateway-kill']);
    expect(clients).to.deep.equal([]);
    expect(servers.length).to.be.above(4);
    expect([...new Set(servers.map(({ kind }) => kind))]).to.have.members(['redis-kill', 'gateway-kill']);
    const times = servers.map(({ atMs }) => atMs);
    expect(times).to.deep.equal([...times].sort((a, b) => a - b));
    expect(times.at(-1)).to.be.below(40_000);
  });

  it('is empty without kinds', () => {
    expect(planFaults(3, 40, [])).to.deep.equal({ servers: [], clients: [] });
  });
});
