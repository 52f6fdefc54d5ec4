import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { defineConfig, type Plugin } from 'vite';
import { lexerOnly } from './src/build/lexer-only.js';

/** Smaller files are not compressed. */
const LEAST_BYTES = 512;

export default defineConfig({
  // Relative: the page works behind any path.
  base: './',
  build: {
    target: 'es2022',
    // One small script and one style sheet; nothing is inlined, because the policy would block it.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  plugins: [lexerOnly(), compressed()],
  server: {
    proxy: Object.fromEntries(
      ['/api', '/ws'].map((path) => [path, { target: 'http://localhost:8080', ws: true }]),
    ),
  },
});

/** Writes `.br` and `.gz` beside every file, for servers that send existing files. */
function compressed(): Plugin {
  return {
    name: 'chorus-compressed',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      for (const file of Object.values(bundle)) {
        const source = Buffer.from(file.type === 'chunk' ? file.code : file.source);
        if (source.length < LEAST_BYTES) continue;
        const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
        this.emitFile({
          type: 'asset',
          fileName: `${file.fileName}.br`,
          source: brotliCompressSync(source, brotli),
        });
        this.emitFile({
          type: 'asset',
          fileName: `${file.fileName}.gz`,
          source: gzipSync(source, { level: 9 }),
        });
      }
    },
  };
}
