// Writes what is published into dist/package, or the folder that is given: one module, which imports React and the client, with its source
// map and its declarations. `npm run package` compiles before, and packs this package and the client.
import { fileURLToPath } from 'node:url';
import { publishedFolder, writeRest } from '@chorus/client/publishing';
import { build } from 'esbuild';
import manifest from './package.json' with { type: 'json' };

const source = new URL('./', import.meta.url);
const out = await publishedFolder(source);
const peers = { ...manifest.peerDependencies, '@chorus/client': `^${manifest.version}` };
await build({
  entryPoints: [fileURLToPath(new URL('dist/index.js', source))],
  outfile: fileURLToPath(new URL('index.js', out)),
  bundle: true,
  external: Object.keys(peers),
  // For frameworks that render components on the server only, unless they are marked.
  banner: { js: "'use client';" },
  sourcemap: true,
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  logLevel: 'warning',
});
await writeRest(source, out, peers);
