import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';

/** What a client shows, and whom it trusts; in PEM. */
export interface TlsFiles {
  /** CAs that may sign the server's certificate; undefined for those of Node.js. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
}

/** @param refuse throws, with the reason in words that follow the name of a setting */
export function readTlsFile(name: string, file: string, refuse: (what: string) => never): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return refuse(`${name}=${file} cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
}

/** Refuses files that no connection could be made with. @param caName the setting of the CA file */
export function checkTlsFiles(files: TlsFiles, caName: string, refuse: (what: string) => never): void {
  // Node.js takes a file without any certificate for one with none in it.
  if (files.ca !== undefined && !files.ca.includes('-----BEGIN'))
    refuse(`${caName} holds no certificate in PEM`);
  try {
    createSecureContext(files);
  } catch (error) {
    refuse(`its certificates cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}
