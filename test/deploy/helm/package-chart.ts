import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { root } from '../../support/root.js';
import { helm } from './helm.js';
import { CHART } from './values-schema.js';

// `pnpm package:chart [folder]` makes the archive for an OCI registry, by default in artifacts/.
const folder = resolve(process.argv[2] ?? join(root, 'artifacts'));
await mkdir(folder, { recursive: true });
const archive = /saved it to: (.+)$/m.exec(await helm('package', CHART, '--destination', folder))?.[1];
if (archive === undefined) throw new Error('helm printed no path of an archive');
console.log(`${archive}\n\nTo publish it: helm push ${archive} oci://<registry>/<folder>`);
