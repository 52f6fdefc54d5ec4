import { hash as bcryptHash } from 'bcrypt';
import { expect } from 'chai';
import { Passwords } from './passwords.js';

describe('Passwords', () => {
  const passwords = new Passwords(4);

  it('matches a password with its hash, and no other password', async () => {
    const hash = await passwords.hash('pässwörd');
    expect(await passwords.matches('pässwörd', hash)).to.equal(true);
    for (const other of ['passwörd', 'pässwörd ', '', 'pässwörd\0', 'pässwörd\0x']) {
      expect(await passwords.matches(other, hash), other).to.equal(false);
    }
  });

  it('treats differently composed letters as equal', async () => {
    const composed = 'pass\u00e9 compos\u00e9';
    const decomposed = composed.normalize('NFD');
    for (const hash of [await passwords.hash(composed), await passwords.hash(decomposed)]) {
      expect(await passwords.matches(composed, hash)).to.equal(true);
      expect(await passwords.matches(decomposed, hash)).to.equal(true);
    }
  });

  it('accepts a decomposed password whose hash an earlier version made', async () => {
    const decomposed = 'pass\u00e9'.normalize('NFD');
    const old = await bcryptHash(decomposed, 4);
    expect(await passwords.matches(decomposed, old)).to.equal(true);
    expect(await passwords.matches('passe', old)).to.equal(false);
  });

  it("never matches a password that is longer than bcrypt's limit", async () => {
    const hash = await passwords.hash('x'.repeat(72));
    expect(await passwords.matches('x'.repeat(73), hash)).to.equal(false);
  });

  it('takes as long for an account that does not exist as for a wrong password', async () => {
    const slow = new Passwords(9);
    const hash = await slow.hash('right one');
    await slow.warmUp();
    // Processor time: a busy machine does not change what a comparison costs.
    const cost = async (stored: string | undefined): Promise<number> => {
      const before = process.cpuUsage();
      expect(await slow.matches('wrong one', stored)).to.equal(false);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    const least = { known: Number.POSITIVE_INFINITY, unknown: Number.POSITIVE_INFINITY };
    for (let i = 0; i < 5; i++) {
      least.known = Math.min(least.known, await cost(hash));
      least.unknown = Math.min(least.unknown, await cost(undefined));
    }
    expect(least.unknown / least.known).to.be.within(0.5, 2);
  });
});
