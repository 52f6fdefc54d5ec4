import { expect } from 'chai';
import { linkify } from './linkify.js';

const links = (text: string): string[] => linkify(text).flatMap(({ text, href }) => (href ? [text] : []));

describe('linkify', () => {
  it('finds web addresses, and keeps the text around them', () => {
    const text = 'see https://example.org/a?b=c#d and http://localhost:8080, or not';
    expect(links(text)).to.deep.equal(['https://example.org/a?b=c#d', 'http://localhost:8080']);
    expect(
      linkify(text)
        .map((part) => part.text)
        .join(''),
    ).to.equal(text);
    expect(linkify('nothing here')).to.deep.equal([{ text: 'nothing here' }]);
    expect(linkify('')).to.deep.equal([]);
  });

  it('excludes punctuation that belongs to the sentence', () => {
    expect(links('(https://example.org/a).')).to.deep.equal(['https://example.org/a']);
    expect(links('https://example.org/a_(b)!')).to.deep.equal(['https://example.org/a_(b)']);
    expect(links('“https://example.org”?')).to.deep.equal(['https://example.org']);
  });

  it('ends an address at punctuation of scripts that write without spaces', () => {
    for (const [text, link] of [
      ['\u8acb\u770bhttps://example.org/a\u3002\u8b1d\u8b1d', 'https://example.org/a'],
      ['https://example.org/a\uff0c\u7136\u5f8c', 'https://example.org/a'],
      ['\u300chttps://example.org/a\u300d\u3067\u3059', 'https://example.org/a'],
      ['\uff08https://example.org/a\uff09', 'https://example.org/a'],
      ['https://example.org/a\uff01\u597d', 'https://example.org/a'],
      ['https://example.org/a\u3001https://example.org/b', 'https://example.org/a'],
      ['\u300ahttps://example.org\u300b', 'https://example.org'],
      ['https://zh.wikipedia.org/wiki/\u5317\u4eac', 'https://zh.wikipedia.org/wiki/\u5317\u4eac'],
    ] as const) {
      expect(links(text)[0], text).to.equal(link);
    }
  });

  it('excludes brackets that were not opened in the address, and backticks', () => {
    for (const [text, link] of [
      ['[https://example.org/a]', 'https://example.org/a'],
      ['{https://example.org/a}', 'https://example.org/a'],
      ['`https://example.org/a`', 'https://example.org/a'],
      ['([https://example.org/a])', 'https://example.org/a'],
      ['https://example.org/a[1]', 'https://example.org/a[1]'],
      ['https://example.org/a_{b}', 'https://example.org/a_{b}'],
      ['[the page](https://example.org/a)', 'https://example.org/a'],
    ] as const) {
      expect(links(text)[0], text).to.equal(link);
    }
  });

  it('returns the host of a link when its text does not show it', () => {
    const host = (text: string): string | undefined => linkify(text)[0]?.host;
    expect(host('https://bank.example@evil.example/login')).to.equal('evil.example');
    expect(host('https://ex\u0430mple.org/')).to.equal('xn--exmple-4nf.org');
    expect(host('https://example.org\\@evil.example')).to.equal('example.org');
    expect(host('http://0x7f.1/')).to.equal('127.0.0.1');
    for (const plain of [
      'https://example.org',
      'HTTPS://Example.ORG/a?b#c',
      'https://example.org:443/a',
      'http://example.org:8080',
      'https://example.org?x',
      'http://[::1]:80/',
    ]) {
      expect(host(plain), plain).to.equal(undefined);
    }
  });

  it('links nothing that could run or lead to another place than it shows', () => {
    for (const text of [
      'javascript:alert(1)',
      'data:text/html,<script>',
      'ftp://example.org',
      'https://',
      'xhttps://example.org',
      '<a href="https:alert">',
    ]) {
      expect(links(text), text).to.deep.equal([]);
    }
    expect(links('<img src=x onerror="https://a.example/">')).to.deep.equal(['https://a.example/']);
  });
});
