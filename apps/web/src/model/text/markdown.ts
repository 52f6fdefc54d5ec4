import { Lexer, type Token, Tokenizer, type Tokens } from 'marked';
import { LEFT_OUT } from './left-out.js';
import { addressAt, hostToShow, hrefOf, linkify } from './linkify.js';

/** Part of a line. */
export type Inline =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'strong' | 'em'; readonly children: readonly Inline[] }
  | {
      readonly kind: 'link';
      readonly href: string;
      /** Where the link leads, if its text does not show it. */
      readonly host: string | undefined;
      readonly children: readonly Inline[];
    };

/** Part of a message. */
export type Block =
  | { readonly kind: 'paragraph'; readonly children: readonly Inline[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'quote'; readonly blocks: readonly Block[] }
  | {
      readonly kind: 'list';
      /** Number of the first item; undefined for a list without numbers. */
      readonly start: number | undefined;
      readonly items: ReadonlyArray<readonly Block[]>;
    };

/** A text without these characters has no markup. */
const MARKUP = /[*_`[\\>]|^\s*(?:[-+]|\d+[.)])\s|^ *~{3}/im;
/** Longer texts are shown as they are: the parser takes up to the square of their length. */
const LONGEST = 20_000;
/** Nested quotes and lists beyond it are shown as text: the parser is recursive. */
const DEEPEST = 12;

/**
 * Parses the subset of Markdown that messages may use: bold, italic, code, code blocks, quotes, lists and links. Everything else, HTML
 * included, stays text. Line breaks are kept.
 */
export function parseMarkdown(text: string): readonly Block[] {
  if (text.length > LONGEST || !MARKUP.test(text) || depthOf(text) > DEEPEST) return [plain(text)];
  const blocks = blocksOf(new Lexer({ gfm: true, tokenizer: new MessageTokenizer() }).lex(text));
  return blocks.length === 0 ? [plain(text)] : blocks;
}

/** Returns the text of a message without its formatting, in one line, for places with little space. */
export function excerptOf(text: string, length = 200): string {
  const words = parseMarkdown(text.slice(0, 2 * length))
    .map(textOfBlock)
    .join(' ');
  return words.replace(/\s+/g, ' ').trim().slice(0, length);
}

function textOfBlock(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
      return block.children.map(textOfInline).join('');
    case 'code':
      return block.text;
    case 'quote':
      return block.blocks.map(textOfBlock).join(' ');
    case 'list':
      return block.items.flat().map(textOfBlock).join(' ');
  }
}

function textOfInline(part: Inline): string {
  return 'children' in part ? part.children.map(textOfInline).join('') : part.text;
}

function plain(text: string): Block {
  return { kind: 'paragraph', children: linkified(text) };
}

function linkified(text: string): Inline[] {
  return linkify(text).map(({ text, href, host }) =>
    href === undefined ? textOf(text) : { kind: 'link', href, host, children: [textOf(text)] },
  );
}

/** The largest number of quote and list markers at the beginning of a line. */
function depthOf(text: string): number {
  const begins = text.match(/^(?:[ \t]*(?:>|[-+*](?=\s)|\d+[.)](?=\s)))+/gm) ?? [];
  return Math.max(0, ...begins.map((begin) => begin.match(/>|[-+*]|\d+[.)]/g)?.length ?? 0));
}

/** Leaves out what messages may not use: the lexer then takes it for text. */
class MessageTokenizer extends Tokenizer {
  override url(src: string): Tokens.Link | undefined {
    const raw = addressAt(src);
    if (raw === undefined) return undefined;
    const text: Tokens.Text = { type: 'text', raw, text: raw };
    return { type: 'link', raw, href: raw, text: raw, tokens: [text], autolink: true };
  }
}

for (const name of LEFT_OUT) Object.assign(MessageTokenizer.prototype, { [name]: () => undefined });

function blocksOf(tokens: readonly Token[]): Block[] {
  const blocks: Block[] = [];
  let isApart = true;
  let between = '\n';
  for (const token of tokens) {
    const block = blockOf(token as Tokens.Generic);
    const last = blocks.at(-1);
    if (block === undefined) isApart = true;
    else if (!isApart && block.kind === 'paragraph' && last?.kind === 'paragraph') {
      // Lines that the parser separated because they look like something that messages may not use.
      const children = [...last.children, textOf(between), ...block.children];
      blocks[blocks.length - 1] = { kind: 'paragraph', children };
    } else {
      blocks.push(block);
      isApart = false;
    }
    between = token.type === 'checkbox' ? '' : '\n';
  }
  return blocks;
}

/** @returns undefined for an empty line */
function blockOf(token: Tokens.Generic): Block | undefined {
  switch (token.type) {
    case 'space':
      return undefined;
    case 'code':
      return { kind: 'code', text: String(token.text) };
    case 'blockquote':
      return { kind: 'quote', blocks: blocksOf(token.tokens ?? []) };
    case 'list': {
      const { ordered, start, items } = token as Tokens.List;
      return {
        kind: 'list',
        start: ordered ? Number(start) : undefined,
        items: items.map(({ tokens }) => blocksOf(tokens)),
      };
    }
    default: {
      const children = token.tokens === undefined ? [textOf(token.raw)] : inlinesOf(token.tokens);
      return { kind: 'paragraph', children };
    }
  }
}

function inlinesOf(tokens: readonly Token[]): Inline[] {
  return tokens.map((token) => inlineOf(token as Tokens.Generic));
}

function inlineOf(token: Tokens.Generic): Inline {
  const { type, raw, tokens = [] } = token;
  switch (type) {
    case 'strong':
    case 'em':
      return { kind: type, children: inlinesOf(tokens) };
    case 'codespan':
      return { kind: 'code', text: String(token.text) };
    case 'escape':
      return textOf(String(token.text));
    case 'link': {
      const href = hrefOf(String(token.href));
      if (href === undefined) return textOf(raw);
      return { kind: 'link', href, host: hostToShow(String(token.text), href), children: inlinesOf(tokens) };
    }
    default:
      return textOf(raw);
  }
}

function textOf(text: string): Inline {
  return { kind: 'text', text };
}
