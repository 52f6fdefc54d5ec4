import { expect } from 'chai';
import { pino } from 'pino';
import { OriginPolicy } from './origin-policy.js';

interface Line {
  level: number;
  origin: string;
  setting: string;
  msg: string;
}

describe('the origin of a page', () => {
  let lines: Line[];
  const policy = (allowedOrigins: string[] = [], trustedProxies = 0): OriginPolicy => {
    lines = [];
    const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as Line) });
    return new OriginPolicy({ allowedOrigins, trustedProxies, log });
  };
  const judge = (origins: OriginPolicy, headers: Record<string, string>): string =>
    origins.judge((name) => headers[name]);

  it('does not matter without an Origin header', () => {
    expect(judge(policy(), { host: 'chat.example.com' })).to.equal('none');
    expect(judge(policy(), { host: 'chat.example.com', origin: '' })).to.equal('none');
  });

  it('is that of the request if scheme, host and port match', () => {
    const origins = policy();
    for (const [origin, host] of [
      ['http://chat.example.com', 'chat.example.com'],
      ['http://chat.example.com', 'Chat.Example.com:80'],
      ['http://chat.example.com:80', 'chat.example.com'],
      ['HTTP://CHAT.example.com', 'chat.example.com'],
      ['http://127.0.0.1:4000', '127.0.0.1:4000'],
      ['http://[::1]:4000', '[0:0::1]:4000'],
    ] as const) {
      expect(judge(origins, { origin, host }), `${origin} at ${host}`).to.equal('same');
    }
    for (const [origin, host] of [
      ['https://chat.example.com', 'chat.example.com'],
      ['http://chat.example.com', 'chat.example.com:443'],
      ['http://chat.example.com:4000', 'chat.example.com'],
      ['capacitor://localhost', 'localhost'],
      ['null', 'null'],
      ['http://chat.example.com', ''],
      ['http://a@chat.example.com', 'a@chat.example.com'],
      ['http://chat.example.com', 'chat.example.com/'],
    ] as const) {
      expect(judge(origins, { origin, host }), `${origin} at ${host}`).to.equal('refused');
    }
  });

  it('is compared with the target that a trusted proxy reports, and no other', () => {
    const forwarded = {
      origin: 'https://chat.example.com',
      host: 'gateway-1:4000',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'chat.example.com',
    };
    expect(judge(policy([], 0), forwarded)).to.equal('refused');
    expect(judge(policy([], 1), forwarded)).to.equal('same');
    expect(judge(policy([], 1), { ...forwarded, origin: 'http://chat.example.com' })).to.equal('refused');
    // Proxies that report the scheme of a socket, and a chain of proxies that append.
    expect(judge(policy([], 1), { ...forwarded, 'x-forwarded-proto': 'WSS' })).to.equal('same');
    const appended = {
      ...forwarded,
      'x-forwarded-proto': 'http, https, http',
      'x-forwarded-host': 'evil.example, chat.example.com, gateway',
    };
    expect(judge(policy([], 2), appended)).to.equal('same');
    expect(judge(policy([], 1), appended)).to.equal('refused');
  });

  it('may have either scheme if a trusted proxy does not report it', () => {
    const origins = policy([], 1);
    for (const origin of ['http://chat.example.com', 'https://chat.example.com']) {
      expect(judge(origins, { origin, host: 'chat.example.com' }), origin).to.equal('same');
    }
    expect(judge(origins, { origin: 'https://evil.example', host: 'chat.example.com' })).to.equal('refused');
  });

  it('is logged once when refused, with the setting that allows it', () => {
    const origins = policy();
    for (let n = 0; n < 3; n++) {
      judge(origins, { origin: 'https://shop.example', host: 'chat.example.com' });
      judge(origins, { origin: 'https://chat.example.com', host: 'chat.example.com' });
    }
    expect(lines.map((line) => [line.level, line.origin, line.setting])).to.deep.equal([
      [40, 'https://shop.example', 'ALLOWED_ORIGINS'],
      [40, 'https://chat.example.com', 'ALLOWED_ORIGINS'],
    ]);
    expect(lines[0]?.msg).to.match(/add the origin to ALLOWED_ORIGINS to allow it$/);
    expect(lines[1]?.msg).to.match(/TRUST_PROXY .*X-Forwarded-Proto/);
  });

  it('is logged in bounded space, however many origins there are', () => {
    const origins = policy(['*']);
    for (let n = 0; n < 1_000; n++) origins.cookieIgnored(`https://${n}.example`);
    origins.cookieIgnored('x'.repeat(100_000));
    expect(lines).to.have.length(100);
    const refusing = policy();
    judge(refusing, { origin: 'y'.repeat(100_000), host: 'chat.example.com' });
    expect(lines[0]?.origin).to.have.length(200);
  });
});
