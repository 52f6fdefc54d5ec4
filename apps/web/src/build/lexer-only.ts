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
      const { body } = this.parse(code) as unknown as { body: readonly Node[] };
      const exported = new Map(
        body
          .flatMap(({ specifiers }) => (specifiers ?? []) as Node[])
          .map(({ exported, local }) => [nameOf(exported), nameOf(local)]),
      );
      const declarations = body.flatMap(({ declarations }) => (declarations ?? []) as Node[]);
      const classOf = (name: string): Node => {
        const found = declarations.find(({ id }) => nameOf(id) === exported.get(name))?.init as
          | Node
          | undefined;
        if (found?.type !== 'ClassExpression')
          throw new Error(`marked has no class ${name}: adapt this plugin`);
        return found;
      };
      const { end } = classOf('Lexer');
      const methods = ((classOf('Tokenizer').body as Node).body as Node[]).filter(({ key }) =>
        (LEFT_OUT as readonly unknown[]).includes(nameOf(key)),
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

function nameOf(node: unknown): unknown {
  return (node as { name?: unknown } | undefined)?.name;
}
