import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Application, Converter, LogLevel, type ProjectReflection } from 'typedoc';
import { load, type PluginOptions } from 'typedoc-plugin-markdown';
import { type PublishedPackage, withPackage } from '../client/published-package.js';
import { root } from '../support/root.js';

/** The page that is generated from the docstrings of a package. */
export function referencePage(name: PublishedPackage): string {
  return join(root, `docs/reference/${name}.md`);
}

const INTRODUCTIONS = {
  client: `Everything that \`@chorus/client\` exports, written from its docstrings by \`pnpm docs\`.
[Use the client](../how-to/use-the-client.md) says how to use it.
`,
  react: `Everything that \`@chorus/react\` exports, written from its docstrings by \`pnpm docs\`. Types that it does not
list are those of [\`@chorus/client\`](client.md).
`,
};

/** One page, all of it in tables where that reads better. */
const LAYOUT: Partial<PluginOptions> = {
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
export function referenceText(name: PublishedPackage): Promise<string> {
  return withPackage(name, async (folder) => {
    // Where the types of other packages are found.
    if (name === 'react')
      await symlink(join(root, 'packages', name, 'node_modules'), join(folder, 'node_modules'));
    const tsconfig = join(folder, 'tsconfig.json');
    const compilerOptions = {
      strict: true,
      module: 'nodenext',
      lib: ['es2023', 'dom'],
      types: [],
      // The types of React are many.
      skipLibCheck: name === 'react',
    };
    await writeFile(tsconfig, JSON.stringify({ compilerOptions, files: ['index.d.ts'] }));
    const layout: Partial<PluginOptions> = { ...LAYOUT, entryFileName: name };
    const app = await Application.bootstrapWithPlugins({
      ...layout,
      name: `@chorus/${name}`,
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
      throw new Error(`the docstrings of @chorus/${name} have mistakes: see above`);
    }
    await app.generateOutputs(project);
    const page = await readFile(join(folder, 'out', `${name}.md`), 'utf8');
    return page.replace('\n\n', `\n\n${INTRODUCTIONS[name]}\n`);
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
