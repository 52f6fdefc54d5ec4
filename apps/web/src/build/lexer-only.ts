import type { Plugin } from 'vite';
import { LEFT_OUT } from '../model/text/left-out.js';

/** The parts of a syntax tree that the plugin looks at. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/**
 * Leaves out what the page does not use of `marked`: all after the lexer, and the methods that find what messages may not use. The package is
 * one file, whose last part makes a global parser, so the bundler would keep everything.
 */
export function lexerOnly(): Plugin {
  return {
    name: 'chorus-lexer-only',
    apply: 'build',
    transform(code, id) {
      if (!/\/marked\.esm\.js$/.test(id)) return undefined;
      const body = nodesOf(this.parse(code).body);
      const exported = new Map(
        body
          .flatMap(({ specifiers }) => nodesOf(specifiers))
          .map(({ exported, local }) => [nameOf(exported), nameOf(local)]),
      );
      const declarations = body.flatMap(({ declarations }) => nodesOf(declarations));
      const classOf = (name: string): Node => {
        const found = declarations.find(({ id }) => nameOf(id) === exported.get(name))?.init;
        if (!isNode(found) || found.type !== 'ClassExpression')
          throw new Error(`marked has no class ${name}: adapt this plugin`);
        return found;
      };
      const { end } = classOf('Lexer');
      const { body: members } = classOf('Tokenizer');
      const leftOut: ReadonlySet<unknown> = new Set(LEFT_OUT);
      const methods = (isNode(members) ? nodesOf(members.body) : []).filter(({ key }) =>
        leftOut.has(nameOf(key)),
      );
      if (methods.length !== LEFT_OUT.length)
        throw new Error('marked has other tokenizers: adapt this plugin');
      let kept = '';
      let from = 0;
      for (const { start, end } of methods) {
        kept += code.slice(from, start);
        from = end;
      }
      const names = ['Lexer', 'Tokenizer'].map((name) => `${exported.get(name)} as ${name}`);
      return { code: `${kept}${code.slice(from, end)};export{${names.join()}};`, map: null };
    },
  };
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value && 'end' in value;
}

function nodesOf(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : [];
}

function nameOf(node: unknown): unknown {
  return isNode(node) ? node.name : undefined;
}
