import { expect } from 'chai';
import { type Block, excerptOf, type Inline, parseMarkdown } from './markdown.js';

/** A short notation of what was found. */
const shape = (text: string): string => parseMarkdown(text).map(shapeOf).join(' ');

function shapeOf(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return `p(${block.children.map(inlineShape).join('')})`;
    case 'code':
      return `pre(${block.text})`;
    case 'quote':
      return `quote(${block.blocks.map(shapeOf).join(' ')})`;
    case 'list':
      return `${block.start ?? 'list'}(${block.items.map((item) => item.map(shapeOf).join(' ')).join('; ')})`;
  }
}

function inlineShape(part: Inline): string {
  switch (part.kind) {
    case 'text':
      return part.text;
    case 'code':
      return `code(${part.text})`;
    case 'link':
      return `a(${part.children.map(inlineShape).join('')}|${part.href}${part.host ? `|${part.host}` : ''})`;
    default:
      return `${part.kind}(${part.children.map(inlineShape).join('')})`;
  }
}

describe('the Markdown of messages', () => {
  it('has bold, italic and code', () => {
    expect(shape('a **b** *c* _d_ `e *f*`')).to.equal('p(a strong(b) em(c) em(d) code(e *f*))');
    expect(shape('**a _b_**')).to.equal('p(strong(a em(b)))');
    expect(shape('snake_case_name and 2 * 3 * 4')).to.equal('p(snake_case_name and 2 * 3 * 4)');
    expect(shape('\\*not\\*')).to.equal('p(*not*)');
  });

  it('has code blocks, quotes and lists', () => {
    expect(shape('see\n```js\nlet a = 1;\n\n  b\n```\nok')).to.equal('p(see) pre(let a = 1;\n\n  b) p(ok)');
    expect(shape('~~~\na\n~~~')).to.equal('pre(a)');
    expect(shape('> a\n> **b**\n\nc')).to.equal('quote(p(a\nstrong(b))) p(c)');
    expect(shape('- a\n- *b*\n  - c')).to.equal('list(p(a); p(em(b)) list(p(c)))');
    expect(shape('3. a\n4. b')).to.equal('3(p(a); p(b))');
    expect(shape('- [ ] a\n- [x] b')).to.equal('list(p([ ] a); p([x] b))');
  });

  it('has links, with the host that their texts do not show', () => {
    expect(shape('[a](https://example.org/b)')).to.equal('p(a(a|https://example.org/b|example.org))');
    expect(shape('[example.org/b](https://example.org/b)')).to.equal(
      'p(a(example.org/b|https://example.org/b))',
    );
    expect(shape('[bank.example](https://evil.example)')).to.equal(
      'p(a(bank.example|https://evil.example/|evil.example))',
    );
    expect(shape('[a](mailto:a@example.org)')).to.equal('p(a(a|mailto:a@example.org|a@example.org))');
    expect(shape('*see* https://example.org/a_b_c, ok')).to.equal(
      'p(em(see) a(https://example.org/a_b_c|https://example.org/a_b_c), ok)',
    );
    expect(shape('https://example.org')).to.equal('p(a(https://example.org|https://example.org/))');
  });

  it('leaves everything else as it was written', () => {
    for (const text of [
      'plain',
      'line 1\nline 2\n\n\nline 5',
      '# not a heading',
      'a\n---\nb',
      '***',
      '<b>*</b> &amp; <!-- `-->',
      '| a | b |\n|---|---|\n| 1 | 2 |',
      '~~no~~ *',
      '![image](https:/',
      '[a][b] [a]',
      '[a]: https:/',
      '    indented > ',
      '<https:/> <a href="javascript:*">',
      '[a](javascript:alert(1)) `',
      '[a](data:text/html,x) [b](/relative) [c](#hash)',
      'a@example.org *',
      'line with two spaces  \nand the next *',
    ]) {
      expect(shape(text), text).to.equal(`p(${text})`);
    }
  });

  it('separates what only looks like a heading from other lines by a line break', () => {
    expect(shape('*a*\n# b\nc')).to.equal('p(em(a)\n# b\nc)');
  });

  it('is left out of excerpts', () => {
    expect(excerptOf('**a**\n- `b`\n- c\n> d\n```\ne\n```\n[f](https://example.org)')).to.equal(
      'a b c d e f',
    );
    expect(excerptOf('long text', 4)).to.equal('long');
  });

  it('shows a text as it is if it is very long or deeply nested', () => {
    for (const part of ['>', '> ', '- ', '1. ']) {
      const text = part.repeat(5_000);
      expect(shape(text), part).to.equal(`p(${text})`);
    }
    const long = `*a*${'b'.repeat(20_000)}`;
    expect(shape(long)).to.equal(`p(${long})`);
    for (const part of ['[', '*a', '_a ', '`', '<', '[a](', '\\', '\n- ', '**a *b '])
      parseMarkdown(part.repeat(1_000));
  });
});
