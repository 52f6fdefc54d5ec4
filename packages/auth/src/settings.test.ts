import { ConfigError, type Environment, parseSettings } from '@chorus/service';
import { expect } from 'chai';
import { type AuthConfig, authConfig, authSettings, generateSecret } from './settings.js';

const load = (env: Environment): AuthConfig => authConfig(parseSettings(authSettings, env, ['JWT_SECRET']));

describe('authConfig', () => {
  it('takes the secret that is set', () => {
    const secret = generateSecret();
    expect(load({ NODE_ENV: 'production', JWT_SECRET: secret })).to.deep.equal({
      mode: 'token',
      secret,
      warnings: [],
    });
  });

  it('wants a long secret in production, and does not show a short one', () => {
    for (const JWT_SECRET of [undefined, '', 'x'.repeat(31)]) {
      expect(() => load({ NODE_ENV: 'production', JWT_SECRET }))
        .to.throw(
          ConfigError,
          /^JWT_SECRET is (not set|too short): in production it must be at least 32 bytes long$/,
        )
        .with.property('message')
        .that.does.not.include('xxx');
    }
  });

  it('counts bytes, not characters', () => {
    expect(load({ NODE_ENV: 'production', JWT_SECRET: 'ü'.repeat(16) }).warnings).to.deep.equal([]);
  });

  it('does without a secret elsewhere, and warns of a short one', () => {
    expect(load({}).secret).to.equal(undefined);
    expect(load({ JWT_SECRET: 'short' }).warnings).to.have.length(1);
  });

  it('warns of AUTH=open, and knows no other modes', () => {
    expect(load({ AUTH: 'open' }).warnings.join()).to.match(/^AUTH=open/);
    expect(() => load({ AUTH: 'none' })).to.throw(
      ConfigError,
      'AUTH="none" is not valid: must be one of token, open',
    );
  });

  it('generates secrets that production would take, each another one', () => {
    expect(() => load({ NODE_ENV: 'production', JWT_SECRET: generateSecret() })).not.to.throw();
    expect(generateSecret()).not.to.equal(generateSecret());
  });
});
