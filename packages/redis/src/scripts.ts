import { readFileSync } from 'node:fs';
import type { RedisClient } from './connection/client.js';

/** Scripts by command: the names of the files that make up each script, joined in this order. */
export type Scripts = Readonly<Record<string, readonly string[]>>;

/** Adds Lua scripts to a client as commands. Idempotent. @param folder folder of the `.lua` files */
export function defineScripts(client: RedisClient, folder: URL, scripts: Scripts): void {
  for (const [command, files] of Object.entries(scripts)) {
    const lua = files.map((file) => readFileSync(new URL(`${file}.lua`, folder), 'utf8'));
    client.defineCommand(command, { lua: lua.join('\n') });
  }
}
