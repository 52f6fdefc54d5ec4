import { expect } from 'chai';
import { ownUrl } from './own-url.js';

describe('the own URL of a gateway', () => {
  const face = (address: string, family: 'IPv4' | 'IPv6', internal = false) => {
    const common = { address, netmask: '', mac: '', internal, cidr: null };
    return family === 'IPv4' ? { ...common, family } : { ...common, family, scopeid: 0 };
  };

  it('is its listening address', () => {
    expect(ownUrl('10.1.2.3', 4000)).to.equal('http://10.1.2.3:4000');
    expect(ownUrl('2001:db8::7', 4000)).to.equal('http://[2001:db8::7]:4000');
    expect(ownUrl('gateway.internal', 4000)).to.equal('http://gateway.internal:4000');
  });

  it('is the first reachable address of the machine when it listens on all', () => {
    const lo = [face('127.0.0.1', 'IPv4', true), face('::1', 'IPv6', true)];
    const eth0 = [face('fe80::1', 'IPv6'), face('2001:db8::7', 'IPv6'), face('10.1.2.3', 'IPv4')];
    for (const host of ['0.0.0.0', '::']) {
      expect(ownUrl(host, 4000, { lo, eth0 })).to.equal('http://10.1.2.3:4000');
      expect(ownUrl(host, 4000, { lo, eth0: eth0.slice(0, 2) })).to.equal('http://[2001:db8::7]:4000');
      expect(ownUrl(host, 4000, { lo })).to.equal(undefined);
    }
  });
});
