import { randomBytes } from 'node:crypto';
import { expect } from 'chai';
import { SecretBox } from './secret-box.js';

const newKey = (): string => randomBytes(32).toString('base64');
const SECRET = 'whsec_c2VjcmV0';

describe('a secret box', () => {
  it('encrypts, each time differently, and decrypts', () => {
    const box = new SecretBox([newKey()]);
    const [one, two] = [box.seal(SECRET), box.seal(SECRET)];
    expect(one).to.not.equal(two);
    expect(one).to.not.include(SECRET);
    expect([box.open(one), box.open(two)]).to.deep.equal([SECRET, SECRET]);
  });

  it('without a key stores clear text, which boxes with keys read', () => {
    expect(new SecretBox([]).seal(SECRET)).to.equal(SECRET);
    expect(new SecretBox([newKey()]).open(SECRET)).to.equal(SECRET);
  });

  it('decrypts with earlier keys, and encrypts with the first', () => {
    const [before, now] = [newKey(), newKey()];
    const old = new SecretBox([before]).seal(SECRET);
    const box = new SecretBox([now, before]);
    expect(box.open(old)).to.equal(SECRET);
    expect(new SecretBox([now]).open(box.seal(SECRET))).to.equal(SECRET);
  });

  it('refuses a text whose key is missing, or that was changed', () => {
    const box = new SecretBox([newKey()]);
    const sealed = box.seal(SECRET);
    expect(() => new SecretBox([newKey()]).open(sealed)).to.throw(/lacks the key/);
    expect(() => new SecretBox([]).open(sealed)).to.throw(/lacks the key/);
    const at = sealed.length - 6;
    const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
    expect(() => box.open(changed)).to.throw();
  });
});
