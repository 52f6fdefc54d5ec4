import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Application, Converter, LogLevel, type ProjectReflection } from 'typedoc';
import { load, type PluginOptions } from 'typedoc-plugin-markdown';
import { withClientPackage } from '../client/client-package.js';
import { root } from '../support/root.js';

/** The page that is generated from the docstrings of the client. */
export const CLIENT_REFERENCE = join(root, 'docs/reference/client.md');

const INTRODUCTION = `Everything that \`@chorus/client\` exports, written from its docstrings by \`pnpm docs\`.
[Use the client](../how-to/use-the-client.md) says how to use it.
`;

/** One page, all of it in tables where that reads better. */
const LAYOUT: Partial<PluginOptions> = {
  entryFileName: 'client',
  hideBreadcrumbs: true,
  hidePageHeader: true,
  useCodeBlocks: true,
  expandParameters: true,
  parametersFormat: 'table',
  classPropertiesFormat: 'table',
  interfacePropertiesFormat: 'table',
  propertyMembersFormat: 'table',
  typeDeclarationFormat: 'table',
};

/** @throws whatever the docstrings say wrongly: names and links that are none */
export function clientReferenceText(): Promise<string> {
  return withClientPackage(async (folder) => {
    const tsconfig = join(folder, 'tsconfig.json');
    const compilerOptions = { strict: true, module: 'nodenext', lib: ['es2023', 'dom'], types: [] };
    await writeFile(tsconfig, JSON.stringify({ compilerOptions, files: ['index.d.ts'] }));
    const app = await Application.bootstrapWithPlugins({
      ...LAYOUT,
      name: '@chorus/client',
      entryPoints: [join(folder, 'index.d.ts')],
      tsconfig,
      plugin: [load],
      router: 'module',
      readme: 'none',
      out: join(folder, 'out'),
      preservedTypeAnnotationTags: ['@throws'],
      disableSources: true,
      disableGit: true,
      excludePrivate: true,
      excludeExternals: true,
      logLevel: LogLevel.Warn,
      sort: ['kind', 'source-order'],
    });
    app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => sayWhatIsThrown(project));
    const project = await app.convert();
    if (project === undefined || app.logger.hasWarnings() || app.logger.hasErrors()) {
      throw new Error('the docstrings of the client have mistakes: see above');
    }
    await app.generateOutputs(project);
    const page = await readFile(join(folder, 'out', 'client.md'), 'utf8');
    return page.replace('\n\n', `\n\n${INTRODUCTION}\n`);
  });
}

/** The class in `@throws {Class} when` would not be shown. */
function sayWhatIsThrown(project: ProjectReflection): void {
  for (const { comment } of Object.values(project.reflections)) {
    for (const tag of comment?.blockTags ?? []) {
      const type = tag.typeAnnotation?.replace(/[{}]/g, '');
      if (tag.tag !== '@throws' || type === undefined) continue;
      tag.content.unshift({ kind: 'code', text: `\`${type}\`` }, { kind: 'text', text: ' ' });
    }
  }
}
