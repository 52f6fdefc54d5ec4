import { expect } from 'chai';
import { UsageError } from '../cli/usage-error.js';
import { type Scenario, scenarioSchema } from '../scenario.js';
import { checkCapacity, type Machine, readMachine } from './capacity.js';
import { refuseRemote } from './targets.js';

const MACHINE: Machine = { descriptors: 20_000, ports: 28_000, anyLoopback: true };

const scenario = (changes: Partial<Scenario>): Scenario =>
  scenarioSchema.parse({ targets: ['ws://127.0.0.1:1'], ...changes });

describe('the capacity of this machine', () => {
  it('leaves a fitting scenario unchanged', () => {
    const small = scenario({ connections: 1_000 });
    expect(checkCapacity(small, MACHINE)).to.deep.equal({ scenario: small, problems: [] });
  });

  it('suggests as many workers as the limit of descriptors requires', () => {
    const { problems } = checkCapacity(scenario({ connections: 45_000 }), MACHINE);
    expect(problems).to.deep.equal([
      '--workers 1: a process may open 20000 files and needs 45064; use --workers 3, or raise the limit (ulimit -n)',
    ]);
    expect(checkCapacity(scenario({ connections: 45_000, workers: 3 }), MACHINE).problems).to.deep.equal([]);
  });

  it('uses more addresses of this machine for many connections to it', () => {
    const { scenario: fitted } = checkCapacity(scenario({ connections: 20_000, workers: 2 }), MACHINE);
    expect(fitted.sourceAddresses).to.deep.equal([
      '127.0.0.1',
      '127.0.0.2',
      '127.0.0.3',
      '127.0.0.4',
      '127.0.0.5',
    ]);
  });

  it('keeps the addresses that it was given', () => {
    const given = scenario({ connections: 20_000, workers: 2, sourceAddresses: ['127.0.0.9'] });
    expect(checkCapacity(given, MACHINE).scenario.sourceAddresses).to.deep.equal(['127.0.0.9']);
  });

  it('reports how many addresses are missing where it cannot choose them', () => {
    const far = scenario({ targets: ['ws://10.0.0.1'], connections: 60_000, workers: 4 });
    expect(checkCapacity(far, MACHINE).problems).to.deep.equal([
      '--connections 60000: one address has 28000 ports for outgoing connections; name 3 with --source-address',
    ]);
    const named = { ...far, sourceAddresses: ['10.0.0.2', '10.0.0.3', '10.0.0.4'] };
    expect(checkCapacity(named, MACHINE).problems).to.deep.equal([]);
    const two = { ...far, targets: ['ws://10.0.0.1', 'ws://10.0.0.5', 'ws://10.0.0.6'] };
    expect(checkCapacity(two, MACHINE).problems, 'ports count for each target').to.deep.equal([]);
  });

  it('reads the limits of this process', () => {
    const machine = readMachine();
    expect(machine.descriptors).to.be.greaterThan(64);
    expect(machine.ports).to.be.greaterThan(1_000);
  });
});

describe('targets', () => {
  it('on this machine need no permission', () => {
    refuseRemote(['ws://127.0.0.1:1', 'ws://127.9.9.9', 'wss://localhost', 'ws://[::1]:80'], false);
  });

  it('elsewhere are refused in one line, unless that is allowed', () => {
    for (const url of [
      'ws://10.0.0.1:80',
      'wss://example.com',
      'ws://127.0.0.1.example.com',
      'ws://0.0.0.0',
    ]) {
      expect(() => refuseRemote(['ws://127.0.0.1', url], false), url)
        .to.throw(UsageError)
        .with.property('message')
        .that.matches(/is not this machine: load is only put on machines that you own; say --allow-remote/);
      refuseRemote([url], true);
    }
  });
});
