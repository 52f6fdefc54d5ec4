import type { ComponentChildren } from 'preact';
import { type Block, type Inline, parseMarkdown } from '../../model/text/markdown.js';
import { type MentionsOfMessage, splitMentions } from '../../model/text/mentions.js';

/** The text of a message: elements made from the parsed text, never markup. */
export function RichText({ text, mentions }: { text: string; mentions: MentionsOfMessage }) {
  const blocks = parseMarkdown(text);
  const [first] = blocks;
  if (blocks.length === 1 && first?.kind === 'paragraph') {
    return (
      <p class="content" dir="auto">
        {inlines(first.children, mentions)}
      </p>
    );
  }
  return <div class="content rich">{blocks.map((block) => blockOf(block, mentions))}</div>;
}

function blockOf(block: Block, mentions: MentionsOfMessage): ComponentChildren {
  switch (block.kind) {
    case 'paragraph':
      return <p dir="auto">{inlines(block.children, mentions)}</p>;
    case 'code':
      return (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: long lines are scrolled by the keyboard
        <pre dir="ltr" tabIndex={0}>
          <code>{block.text}</code>
        </pre>
      );
    case 'quote':
      return <blockquote>{block.blocks.map((each) => blockOf(each, mentions))}</blockquote>;
    case 'list': {
      const items = block.items.map((item) => <li dir="auto">{itemOf(item, mentions)}</li>);
      return block.start === undefined ? <ul>{items}</ul> : <ol start={block.start}>{items}</ol>;
    }
  }
}

/** The only paragraph of an item needs no element of its own. */
function itemOf(blocks: readonly Block[], mentions: MentionsOfMessage): ComponentChildren {
  return blocks.map((block, index) =>
    index === 0 && block.kind === 'paragraph' ? inlines(block.children, mentions) : blockOf(block, mentions),
  );
}

function inlines(parts: readonly Inline[], mentions: MentionsOfMessage): ComponentChildren {
  return parts.map((part) => inlineOf(part, mentions));
}

function inlineOf(part: Inline, mentions: MentionsOfMessage): ComponentChildren {
  switch (part.kind) {
    case 'text':
      return splitMentions(part.text, mentions).map(({ text, mention }) =>
        mention === undefined ? (
          text
        ) : (
          <span class={mention === 'me' ? 'mention mine' : 'mention'}>{text}</span>
        ),
      );
    case 'code':
      return <code>{part.text}</code>;
    case 'strong':
      return <strong>{inlines(part.children, mentions)}</strong>;
    case 'em':
      return <em>{inlines(part.children, mentions)}</em>;
    case 'link':
      return (
        <a href={part.href} target="_blank" rel="noopener noreferrer nofollow" title={part.href}>
          {inlines(part.children, mentions)}
          {part.host !== undefined && <bdi class="host"> ({part.host})</bdi>}
        </a>
      );
  }
}
