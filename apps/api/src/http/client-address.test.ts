import { expect } from 'chai';
import { clientAddress } from './client-address.js';
import type { Context } from './context.js';

const of = (ip: string, remoteAddress = '192.0.2.1'): string =>
  clientAddress({ ip, req: { socket: { remoteAddress } } } as Context);

describe('clientAddress', () => {
  it('is the IPv4 address, however it is written', () => {
    expect(of('198.51.100.7')).to.equal('198.51.100.7');
    expect(of('::ffff:198.51.100.7')).to.equal('198.51.100.7');
  });

  it('is the subnet of an IPv6 address, however it is written', () => {
    for (const address of [
      '2001:db8:1:2:3:4:5:6',
      '2001:0DB8:0001:0002::1',
      '2001:db8:1:2::',
      '2001:db8:1:2:ffff:ffff:ffff:ffff',
      '2001:db8:1:2::1%eth0',
    ]) {
      expect(of(address), address).to.equal('2001:db8:1:2');
    }
    expect(of('2001:db8:1:3::1')).to.equal('2001:db8:1:3');
    expect(of('2001:db8::1')).to.equal('2001:db8:0:0');
    expect(of('::1')).to.equal('0:0:0:0');
  });

  it('is that of the connection when a proxy sent something else', () => {
    expect(of('unknown')).to.equal('192.0.2.1');
    expect(of('')).to.equal('192.0.2.1');
    expect(of('x'.repeat(10_000))).to.equal('192.0.2.1');
  });
});
