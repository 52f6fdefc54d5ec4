import { BlockList, isIPv6 } from 'node:net';
import { AllowedAddresses } from '@chorus/service';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { readText } from './monitoring-files.js';

interface Policy {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly egress: ReadonlyArray<{
      readonly to: ReadonlyArray<{
        readonly ipBlock: { readonly cidr: string; readonly except: readonly string[] };
      }>;
    }>;
  };
}

/** One address of each special range, and public ones. */
const ADDRESSES = [
  ...['1.1.1.1', '203.0.112.1', '9.255.255.255', '11.0.0.1', '100.63.255.255', '172.15.0.1', '192.167.0.1'],
  ...[
    '0.0.0.1',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '192.0.0.1',
    '192.168.1.1',
  ],
  ...['198.18.0.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
  ...['2600::1', '2a00:1450::1', '2606:4700::1'],
  ...[
    '::1',
    '::',
    'fc00::1',
    'fd12::1',
    'fe80::1',
    'ff02::1',
    '64:ff9b::a00:1',
    '2001::1',
    '2001:db8::1',
    '2002:a00:1::1',
  ],
];

describe('the network policy of webhooks', () => {
  const policies = parseAllDocuments(readText('deploy/k8s/base/network-policies.yaml')).map(
    (document) => document.toJS() as Policy,
  );
  const policy = policies.find(({ metadata }) => metadata.name === 'chorus-dispatcher-to-webhooks');
  const blocks = policy?.spec.egress.flatMap(({ to }) => to.map(({ ipBlock }) => ipBlock)) ?? [];

  const allows = (address: string): boolean => {
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    const holds = (range: string): boolean => {
      const [network = '', bits] = range.split('/');
      if (isIPv6(network) !== isIPv6(address)) return false;
      const list = new BlockList();
      list.addSubnet(network, Number(bits), family);
      return list.check(address, family);
    };
    return blocks.some(({ cidr, except }) => holds(cidr) && !except.some(holds));
  };

  it('allows what dispatchers connect to, and nothing else, of IPv4 and of IPv6', () => {
    const addresses = new AllowedAddresses([]);
    for (const address of ADDRESSES) expect(allows(address), address).to.equal(addresses.allows(address));
  });
});
