import { expect } from 'chai';
import { linkify } from './linkify.js';

const links = (text: string): string[] => linkify(text).flatMap(({ text, href }) => (href ? [text] : []));

describe('linkify', () => {
  it('finds web addresses, and loses nothing of the text around them', () => {
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

  it('leaves to the sentence what is not of the address', () => {
    expect(links('(https://example.org/a).')).to.deep.equal(['https://example.org/a']);
    expect(links('https://example.org/a_(b)!')).to.deep.equal(['https://example.org/a_(b)']);
    expect(links('“https://example.org”?')).to.deep.equal(['https://example.org']);
  });

  it('makes a link of nothing that could run or lead elsewhere', () => {
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
