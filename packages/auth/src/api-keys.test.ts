import { expect } from 'chai';
import { generateKey, holdsKey, isSecretOf, keyOf, parseKey } from './api-keys.js';

describe('API keys', () => {
  const key = generateKey();

  it('have an id, and a secret that is compared by its hash', () => {
    expect(key.text).to.match(/^chk_[A-Za-z0-9]{12}_[A-Za-z0-9]{36}$/);
    expect(key.text).to.include(key.id);
    const parts = parseKey(key.text);
    expect(parts).to.deep.equal({ id: key.id, secretHash: key.secretHash });
    expect(isSecretOf(key, key.secretHash)).to.equal(true);
    expect(isSecretOf(key, generateKey().secretHash)).to.equal(false);
    expect(isSecretOf(key, undefined)).to.equal(false);
    // The hash that stands for an unknown key admits none.
    expect(isSecretOf({ ...key, secretHash: Buffer.alloc(32) }, undefined)).to.equal(false);
  });

  it('are nothing else', () => {
    const { text } = key;
    for (const other of ['', 'chk_', text.slice(0, -6), `${text}_`, ` ${text}`, text.replace('chk', 'CHK')]) {
      expect(parseKey(other), other).to.equal(undefined);
    }
  });

  it('are found in Authorization and in URLs', () => {
    expect(keyOf(`Bearer ${key.text}`)).to.equal(key.text);
    expect(keyOf(`bearer  ${key.text} `)).to.equal(key.text);
    expect(keyOf('Bearer chk_x')).to.equal('chk_x');
    for (const other of [undefined, '', key.text, `Basic ${key.text}`, 'Bearer eyJhbGciOi']) {
      expect(keyOf(other)).to.equal(undefined);
    }
    expect(holdsKey(`/api/rooms?key=${key.text}`)).to.equal(true);
    expect(holdsKey('/api/rooms?key=chk_1')).to.equal(false);
  });
});
