import { expect } from 'chai';
import { AllowedOrigins, originProblem } from './allowed-origins.js';

describe('ALLOWED_ORIGINS', () => {
  it('accepts origins of web pages, apps and extensions, wildcards, null and *', () => {
    for (const entry of [
      'https://chat.example.com',
      'HTTPS://Chat.Example.com:443',
      'http://localhost:5173',
      'http://[::1]:8080',
      'https://bücher.example',
      'capacitor://localhost',
      'ionic://localhost',
      'tauri://localhost',
      'app://-',
      'chrome-extension://aapbdbdomjkkjkaonfhkkikfgjllcleb',
      'moz-extension://b6f0a2c4-27f1-4c3e-9a0b-0d5c5c1f0e11',
      'file://',
      'https://*.example.com',
      'https://*.example.com:8443',
      'http://*.localhost:5173',
      'null',
      '*',
    ]) {
      expect(originProblem(entry), entry).to.equal(undefined);
    }
  });

  it("refuses texts that are no page's origin", () => {
    for (const entry of [
      'chat.example.com',
      'https://chat.example.com/',
      'https://chat.example.com/app',
      'https://ann:secret@chat.example.com',
      'https://',
      'https://a.example:99999',
      'https://a.example:',
      'https://a.example?x',
      'capacitor://',
      'capacitor://localhost/',
      'file:///home',
      'javascript:alert(1)',
      'NULL',
      ' ',
      '\u0000',
    ]) {
      expect(originProblem(entry), entry).to.match(/^must be origins such as /);
    }
    for (const entry of ['ws://chat.example.com', 'WSS://chat.example.com']) {
      expect(originProblem(entry), entry).to.match(/^is the address of a socket/);
    }
  });

  it('refuses wildcards that would match nothing, or too much', () => {
    for (const entry of [
      'https://*',
      'https://*.com',
      'https://*.com.',
      'https://*example.com',
      'https://a*.example.com',
      'https://chat.*.com',
      'https://*.*.example.com',
      'https://*.0.0.1',
      'https://*.example.com:*',
      'http://localhost:*',
      '*.example.com',
      '*://chat.example.com',
      'https://*.example.com/',
      'chrome-extension://*',
      'capacitor://*.localhost',
    ]) {
      expect(originProblem(entry), entry).to.match(/^\* must be the first label/);
    }
  });

  it('compares scheme, host and port, in lower case and with default ports', () => {
    const allowed = new AllowedOrigins([
      'HTTPS://Chat.Example.com:443',
      'http://localhost:5173',
      'Capacitor://localhost',
      'https://bücher.example',
      'file://',
    ]);
    for (const origin of [
      'https://chat.example.com',
      'https://CHAT.example.com:443',
      'http://localhost:5173',
      'capacitor://localhost',
      'https://xn--bcher-kva.example',
      'file://',
    ]) {
      expect(allowed.match(origin), origin).to.equal('listed');
    }
    for (const origin of [
      'http://chat.example.com',
      'https://chat.example.com:8443',
      'https://chat.example.com.evil.example',
      'https://evil.example/https://chat.example.com',
      'https://chat.example.com https://evil.example',
      'http://localhost',
      'capacitor://localhost:1',
      'ionic://localhost',
      'null',
      '',
      'x'.repeat(10_000),
    ]) {
      expect(allowed.match(origin), origin.slice(0, 80)).to.equal(undefined);
    }
  });

  it('matches every host below a wildcard, and no other', () => {
    const allowed = new AllowedOrigins(['https://*.example.com', 'https://*.example.org:8443']);
    for (const origin of [
      'https://chat.example.com',
      'https://a.b.c.example.com',
      'https://Chat.Example.com:443',
      'https://chat.example.org:8443',
    ]) {
      expect(allowed.match(origin), origin).to.equal('listed');
    }
    for (const origin of [
      'https://example.com',
      'https://.example.com',
      'https://evilexample.com',
      'https://chat.example.com.evil.example',
      'https://evil.example#.example.com',
      'https://evil.example:443.example.com',
      'https://evil.example/.example.com',
      'https://a@chat.example.com',
      'http://chat.example.com',
      'https://chat.example.com:8443',
      'https://chat.example.org',
      'https://*.example.com',
    ]) {
      expect(allowed.match(origin), origin).to.equal(undefined);
    }
  });

  it('matches * and null without cookies', () => {
    const any = new AllowedOrigins(['*', 'https://chat.example.com']);
    expect(any.match('https://chat.example.com')).to.equal('listed');
    for (const origin of ['https://evil.example', 'null', 'nonsense']) {
      expect(any.match(origin), origin).to.equal('any');
    }
    const none = new AllowedOrigins(['null']);
    expect(none.match('null')).to.equal('any');
    expect(none.match('https://evil.example')).to.equal(undefined);
    expect(new AllowedOrigins([]).match('null')).to.equal(undefined);
  });
});
