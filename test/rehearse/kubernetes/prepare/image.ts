import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { ImageSettings } from './dockerfile.js';
import { runTool } from './run-tool.js';

/** An image as `docker save` writes it. */
export interface Image {
  readonly tags: readonly string[];
  /** Tar files, the lowest first. */
  readonly layers: readonly string[];
  readonly settings: ImageSettings;
}

/** Packs a folder as a layer. The same files give the same bytes. */
export async function packLayer(folder: string, file: string): Promise<void> {
  await runTool('tar', [
    ...['--sort=name', '--mtime=@0', '--numeric-owner', '--owner=0', '--group=0'],
    ...['--create', '--file', file, '--directory', folder, '.'],
  ]);
}

/** Writes images into one archive for `ctr images import`. Layers must be in the folder of the archive. */
export async function writeArchive(images: readonly Image[], file: string): Promise<void> {
  const folder = await mkdtemp(join(dirname(file), 'archive-'));
  try {
    const digests = new Map<string, string>();
    for (const layer of new Set(images.flatMap(({ layers }) => layers))) {
      digests.set(layer, await sha256(layer));
      await link(layer, join(folder, basename(layer)));
    }
    const manifest = [];
    for (const [index, { tags, layers, settings }] of images.entries()) {
      const config = JSON.stringify({
        architecture: process.arch === 'x64' ? 'amd64' : process.arch,
        os: 'linux',
        config: {
          User: settings.user,
          WorkingDir: settings.folder,
          Env: settings.env,
          Cmd: settings.command,
          StopSignal: settings.stopSignal,
        },
        rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${digests.get(layer)}`) },
      });
      await writeFile(join(folder, `config-${index}.json`), config);
      manifest.push({
        Config: `config-${index}.json`,
        RepoTags: tags,
        Layers: layers.map((layer) => basename(layer)),
      });
    }
    await writeFile(join(folder, 'manifest.json'), JSON.stringify(manifest));
    await runTool('tar', ['--create', '--file', file, '--directory', folder, '.']);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs `use` with a folder for what becomes a layer. */
export async function withFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'chorus-layer-'));
  try {
    await mkdir(folder, { recursive: true });
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}
