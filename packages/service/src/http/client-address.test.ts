import { expect } from 'chai';
import { clientAddress } from './client-address.js';

const PROXY = '192.0.2.1';

describe('the address of a client', () => {
  it('is that of the connection when no proxy is trusted, whatever the header contains', () => {
    expect(clientAddress(PROXY, '198.51.100.7', 0)).to.equal(PROXY);
    expect(clientAddress(PROXY, undefined, 1)).to.equal(PROXY);
    expect(clientAddress(PROXY, '', 1)).to.equal(PROXY);
  });

  it('is what the outermost trusted proxy saw, and nothing that a client wrote before it', () => {
    expect(clientAddress(PROXY, '203.0.113.9, 198.51.100.7', 1)).to.equal('198.51.100.7');
    expect(clientAddress(PROXY, '203.0.113.9 , 198.51.100.7,10.0.0.1', 2)).to.equal('198.51.100.7');
    expect(clientAddress(PROXY, '198.51.100.7', 3)).to.equal('198.51.100.7');
  });

  it('is read with a port, brackets or a zone id, as some proxies write it', () => {
    for (const said of ['198.51.100.7:5071', '[::ffff:198.51.100.7]:443', ' 198.51.100.7:1 ']) {
      expect(clientAddress(PROXY, said, 1), said).to.equal('198.51.100.7');
    }
    for (const said of ['[2001:db8:1:2::1]:443', '[2001:db8:1:2::1]', '[2001:db8:1:2::1%eth0]:443']) {
      expect(clientAddress(PROXY, said, 1), said).to.equal('2001:db8:1:2');
    }
  });

  it('is that of the nearest proxy before an entry that is no address', () => {
    expect(clientAddress(PROXY, '203.0.113.9, unknown, 198.51.100.7', 2)).to.equal('198.51.100.7');
    expect(clientAddress(PROXY, '203.0.113.9, unknown, 198.51.100.7', 3)).to.equal('198.51.100.7');
    expect(clientAddress(PROXY, '203.0.113.9, , 198.51.100.7', 3)).to.equal('198.51.100.7');
  });

  it('is found in a header of any length, at the end', () => {
    const said = `${'203.0.113.9, '.repeat(100_000)}198.51.100.7:80, 198.51.100.8`;
    expect(clientAddress(PROXY, said, 2)).to.equal('198.51.100.7');
  });

  it('is that of the connection when a proxy sent something else', () => {
    const others = [
      '198.51.100.7:',
      '198.51.100.7:x',
      '[198.51.100.7',
      '[]:443',
      '2001:db8::1]:443',
      '1.2.3:80',
    ];
    for (const said of ['unknown', '_hidden', ',', 'x'.repeat(10_000), '198.51.100.7, nobody', ...others]) {
      expect(clientAddress(PROXY, said, 1), said.slice(0, 20)).to.equal(PROXY);
    }
  });

  it('is the IPv4 address, however it is written', () => {
    for (const address of [
      '198.51.100.7',
      '::ffff:198.51.100.7',
      '::FFFF:c633:6407',
      '0000:0000:0000:0000:0000:ffff:c633:6407',
    ]) {
      expect(clientAddress(address, undefined, 0), address).to.equal('198.51.100.7');
    }
  });

  it('is the subnet of an IPv6 address, however it is written', () => {
    for (const address of [
      '2001:db8:1:2:3:4:5:6',
      '2001:0DB8:0001:0002::1',
      '2001:db8:1:2::',
      '2001:db8:1:2:ffff:ffff:ffff:ffff',
      '2001:db8:1:2::1%eth0',
      '2001:db8:1:2::192.0.2.33',
    ]) {
      expect(clientAddress(address, undefined, 0), address).to.equal('2001:db8:1:2');
    }
    expect(clientAddress('2001:db8:1:3::1', undefined, 0)).to.equal('2001:db8:1:3');
    expect(clientAddress('2001:db8::1', undefined, 0)).to.equal('2001:db8:0:0');
    expect(clientAddress('::1', undefined, 0)).to.equal('0:0:0:0');
  });
});
