import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** The client's certificate and the CAs that it trusts; in PEM. */
export interface TlsFiles {
  /** CAs that may sign the server's certificate; undefined for those of Node.js. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
}

/** @param refuse throws, with the reason to follow the name of a setting */
export function readTlsFile(name: string, file: string, refuse: (what: string) => never): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return refuse(`${name}=${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** Refuses files with which no connection could be made. @param caName name of the CA file's setting */
export function checkTlsFiles(files: TlsFiles, caName: string, refuse: (what: string) => never): void {
  // Node.js treats a file without any certificate like an empty one.
  if (files.ca !== undefined && !files.ca.includes('-----BEGIN'))
    refuse(`${caName} holds no certificate in PEM`);
  try {
    createSecureContext(files);
  } catch (error) {
    refuse(`its certificates cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}
