import { createRequire } from 'node:module';
import { resolve } from 'node:path';

/** Folder of the project, found from here and from where this file is compiled to. */
export const root = resolve(createRequire(import.meta.url).resolve('#package'), '../..');
