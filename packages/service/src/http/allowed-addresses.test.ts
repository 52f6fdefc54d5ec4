import { expect } from 'chai';
import { AllowedAddresses, isAddressRange } from './allowed-addresses.js';

describe('AllowedAddresses', () => {
  const none = new AllowedAddresses([]);
  const some = new AllowedAddresses(['10.0.0.0/8', 'fd00::/8']);

  it('allows public addresses, and not those of clouds, private networks and translations', () => {
    const four = ['169.254.169.254', '10.0.0.1', '172.16.0.1', '192.168.1.1', '100.64.0.1', '0.0.0.0'];
    const six = ['fd00::1', 'fe80::1', '::', '64:ff9b::a00:1', '2002:a00:1::', 'ff02::1', 'x'];
    for (const each of [...four, ...six]) expect(none.allows(each), each).to.equal(false);
    for (const each of ['8.8.8.8', '2606:4700:4700::1111']) expect(none.allows(each), each).to.equal(true);
  });

  it('allows ranges', () => {
    for (const each of ['10.1.2.3', 'fd00::1', '::ffff:10.1.2.3'])
      expect(some.allows(each), each).to.equal(true);
    expect(some.allows('192.168.1.1')).to.equal(false);
    for (const text of ['10.0.0.0/8', '::1/128']) expect(isAddressRange(text), text).to.equal(true);
    for (const text of ['10.0.0.0', '10.0.0.0/33', 'x', ''])
      expect(isAddressRange(text), text).to.equal(false);
  });

  it('refuses the hosts of URLs whose name tells the address', () => {
    const loopback = new AllowedAddresses(['::1/128']);
    for (const url of ['http://localhost', 'http://a.localhost.', 'http://127.1', 'http://[::1]']) {
      expect(none.refusal(new URL(url)), url).to.match(/is not a public address/);
    }
    for (const url of ['http://localhost', 'http://[::1]'])
      expect(loopback.refusal(new URL(url)), url).to.equal(undefined);
    for (const url of ['http://8.8.8.8', 'http://notlocalhost', 'http://10.example.com'])
      expect(none.refusal(new URL(url)), url).to.equal(undefined);
  });

  it('resolves names to allowed addresses only', async () => {
    const resolve = (addresses: AllowedAddresses) =>
      new Promise((done, fail) => {
        addresses.lookup('localhost', { all: true }, (error, found) =>
          error === null ? done(found) : fail(error),
        );
      });
    const refusal = await resolve(none).then(
      () => undefined,
      (error: Error) => error.message,
    );
    expect(refusal).to.match(/^localhost is not a public address/);
    expect(await resolve(new AllowedAddresses(['127.0.0.0/8', '::1/128']))).to.not.be.empty;
  });
});
