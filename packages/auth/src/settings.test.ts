import { ConfigError, type Environment, parseSettings } from '@chorus/service';
import { expect } from 'chai';
import { type AuthConfig, authConfig, authSettings, generateSecret } from './settings.js';

const load = (env: Environment): AuthConfig => authConfig(parseSettings(authSettings, env, ['JWT_SECRET']));

describe('authConfig', () => {
  it('uses the given secret', () => {
    const secret = generateSecret();
    expect(load({ NODE_ENV: 'production', JWT_SECRET: secret })).to.deep.equal({
      mode: 'token',
      secret,
      acceptedSecrets: [],
      warnings: [],
    });
  });

  it('requires a long secret in production, and does not show a short one', () => {
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

  it('needs no secret elsewhere, and warns of a short one', () => {
    expect(load({}).secret).to.equal(undefined);
    expect(load({ JWT_SECRET: 'short' }).warnings).to.have.length(1);
  });

  describe('JWT_ACCEPTED_SECRETS', () => {
    const [old, next, secret] = [generateSecret(), generateSecret(), generateSecret()];

    it('is a list; blanks and empty items are ignored', () => {
      const config = load({
        NODE_ENV: 'production',
        JWT_SECRET: secret,
        JWT_ACCEPTED_SECRETS: ` ${old} ,,${next},`,
      });
      expect(config.acceptedSecrets).to.deep.equal([old, next]);
      expect(config.warnings).to.deep.equal([]);
      expect(load({ JWT_SECRET: secret, JWT_ACCEPTED_SECRETS: '' }).acceptedSecrets).to.deep.equal([]);
    });

    it('refuses a short secret in production: the error gives its place in the list, not the secret', () => {
      const env = { JWT_SECRET: secret, JWT_ACCEPTED_SECRETS: `${old},,shortie,${next}` };
      expect(() => load({ ...env, NODE_ENV: 'production' }))
        .to.throw(
          ConfigError,
          /^JWT_ACCEPTED_SECRETS, number 3 of the list, is too short: in production it must be at least 32 bytes long$/,
        )
        .with.property('message')
        .that.does.not.include('shortie');
      const { warnings } = load(env);
      expect(warnings).to.deep.equal([
        'JWT_ACCEPTED_SECRETS, number 3 of the list, is too short for production',
      ]);
    });

    it('refuses a JWT_SECRET that could not be an item of this list, before it has to be one', () => {
      for (const odd of [`${secret},x`, ` ${secret}`, `${secret}\n`]) {
        expect(load({ JWT_SECRET: odd }).warnings.join()).to.match(/JWT_ACCEPTED_SECRETS cannot list it/);
      }
    });
  });

  it('warns of AUTH=open, and refuses unknown modes', () => {
    expect(load({ AUTH: 'open' }).warnings.join()).to.match(/^AUTH=open/);
    expect(() => load({ AUTH: 'none' })).to.throw(
      ConfigError,
      'AUTH="none" is not valid: must be one of token, open',
    );
  });

  it('generates a different secret each time, long enough for production', () => {
    expect(() => load({ NODE_ENV: 'production', JWT_SECRET: generateSecret() })).not.to.throw();
    expect(generateSecret()).not.to.equal(generateSecret());
  });
});
