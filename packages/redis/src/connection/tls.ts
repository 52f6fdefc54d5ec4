import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { ConfigError, checkTlsFiles, readTlsFile, type TlsFiles } from '@chorus/service';

/** Settings with the names of the files. */
export interface RedisTlsSettings {
  readonly REDIS_CA_FILE?: string | undefined;
  readonly REDIS_CERT_FILE?: string | undefined;
  readonly REDIS_KEY_FILE?: string | undefined;
}

/**
 * Reads the files of the settings.
 * @param urls valid Redis URLs
 * @returns undefined for connections without TLS
 * @throws {ConfigError} one line that names the variable
 */
export function readRedisTls(settings: RedisTlsSettings, urls: readonly string[]): TlsFiles | undefined {
  const names = ['REDIS_CA_FILE', 'REDIS_CERT_FILE', 'REDIS_KEY_FILE'] as const;
  const [ca, cert, key] = names.map((name) => settings[name]);
  if (!isSecure(urls[0])) {
    const set = names.find((name) => settings[name] !== undefined);
    if (set === undefined) return undefined;
    throw new ConfigError(`${set} is set, but REDIS_URL has no TLS: it must begin with rediss://`);
  }
  const refuse = (what: string): never => {
    throw new ConfigError(`the TLS files of Redis are not valid: ${what}`);
  };
  if ((cert === undefined) !== (key === undefined))
    refuse('REDIS_CERT_FILE and REDIS_KEY_FILE need each other');
  const files: TlsFiles = {
    ...(ca === undefined ? {} : { ca: readTlsFile('REDIS_CA_FILE', ca, refuse) }),
    ...(cert === undefined ? {} : { cert: readTlsFile('REDIS_CERT_FILE', cert, refuse) }),
    ...(key === undefined ? {} : { key: readTlsFile('REDIS_KEY_FILE', key, refuse) }),
  };
  checkTlsFiles(files, 'REDIS_CA_FILE', refuse);
  return files;
}

/** The library's options for a connection to this URL: none without TLS. */
export function redisTlsOptions(url: string, files: TlsFiles | undefined): { tls?: ConnectionOptions } {
  if (!isSecure(url)) return {};
  const { hostname } = new URL(url);
  // SNI, for servers that serve several names at one address; an IP address is not a valid name.
  const named = isIP(hostname.replace(/^\[(.*)\]$/, '$1')) === 0;
  return { tls: { ...files, ...(named ? { servername: hostname } : {}) } };
}

function isSecure(url: string | undefined): boolean {
  return url?.startsWith('rediss:') ?? false;
}
