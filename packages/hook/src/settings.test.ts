import { parseSettings } from '@chorus/service';
import { expect } from 'chai';
import { HOOK_SECRETS, hookConfig, hookSettings, hookWarning } from './settings.js';

const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
const WITH = { BEFORE_PUBLISH_URL: 'https://hooks.example/decide', BEFORE_PUBLISH_SECRET: SECRET };
const load = (env: Record<string, string>) => hookConfig(parseSettings(hookSettings, env, HOOK_SECRETS));

describe('the settings of the hook', () => {
  it('are optional; with a URL they have defaults', () => {
    expect(load({})).to.equal(undefined);
    expect(load({ BEFORE_PUBLISH_SECRET: SECRET, BEFORE_PUBLISH_TIMEOUT_MS: '50' })).to.equal(undefined);
    expect(load(WITH)).to.deep.equal({
      ...{ url: WITH.BEFORE_PUBLISH_URL, secret: Buffer.alloc(24, 7) },
      ...{ timeoutMs: 300, onFailure: 'refuse', concurrency: 32 },
    });
  });

  for (const [name, value, problem] of [
    ['BEFORE_PUBLISH_URL', 'hooks.example', 'must be a URL starting with https:// or http://'],
    ['BEFORE_PUBLISH_URL', 'ftp://hooks.example/', 'must be a URL starting with https:// or http://'],
    ['BEFORE_PUBLISH_URL', 'https://me:pass@hooks.example/', 'must have no user name, password or fragment'],
    ['BEFORE_PUBLISH_SECRET', '', 'is not set: BEFORE_PUBLISH_URL needs it'],
    [
      'BEFORE_PUBLISH_SECRET',
      'hunter2hunter2hunter2hunter2',
      'must be whsec_ and 24 to 64 random bytes in base64',
    ],
    ['BEFORE_PUBLISH_SECRET', 'whsec_c2hvcnQ=', 'must be whsec_ and 24 to 64 random bytes in base64'],
    ['BEFORE_PUBLISH_TIMEOUT_MS', '0', 'must be a whole number from 10 to 10000'],
    ['BEFORE_PUBLISH_ON_FAILURE', 'ignore', 'must be one of refuse, pass'],
    ['BEFORE_PUBLISH_CONCURRENCY', '0', 'must be a whole number from 1 to 1000'],
  ] as const) {
    it(`refuse ${name}=${value} by one line without secrets`, () => {
      expect(() => load({ ...WITH, [name]: value }))
        .to.throw(problem)
        .with.property('message')
        .that.matches(new RegExp(`^${name}\\b[^\\n]*$`))
        .and.does.not.match(/pass@|hunter|c2hvcnQ/);
    });
  }

  it('warn of a URL without TLS to another machine', () => {
    const warned = (url: string): boolean => {
      const config = load({ ...WITH, BEFORE_PUBLISH_URL: url });
      return config !== undefined && hookWarning(config) !== undefined;
    };
    for (const url of ['https://10.0.0.1/', 'http://localhost:1/', 'http://127.0.0.2/', 'http://[::1]:3/']) {
      expect(warned(url), url).to.equal(false);
    }
    for (const url of [
      'http://hooks.example/',
      'http://10.0.0.1/',
      'http://localhost.example/',
      'http://127.example/',
    ]) {
      expect(warned(url), url).to.equal(true);
    }
  });
});
