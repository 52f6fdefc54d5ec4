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
 * @param secure whether any connection has TLS
 * @returns undefined without TLS
 * @throws {ConfigError} one line that names the variable
 */
export function readRedisTls(settings: RedisTlsSettings, secure: boolean): TlsFiles | undefined {
  const names = ['REDIS_CA_FILE', 'REDIS_CERT_FILE', 'REDIS_KEY_FILE'] as const;
  const [ca, cert, key] = names.map((name) => settings[name]);
  if (!secure) {
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
  return isSecure(url) ? { tls: serverTls(new URL(url).hostname, files) } : {};
}

/** Options of a TLS connection to a server. */
export function serverTls(host: string, files: TlsFiles | undefined): ConnectionOptions {
  return { ...files, ...serverName(host) };
}

/** SNI, for servers that serve several names at one address; an IP address is not a valid name. */
export function serverName(host: string): { servername?: string } {
  return isIP(host.replace(/^\[(.*)\]$/, '$1')) === 0 ? { servername: host } : {};
}

/** Whether a URL of a server asks for TLS. */
export function isSecure(url: string | undefined): boolean {
  return url?.startsWith('rediss:') ?? false;
}
