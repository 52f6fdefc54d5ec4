import { checkTlsFiles, readTlsFile, type TlsFiles } from '@chorus/service';

/** Options of Node.js for a TLS connection to PostgreSQL. */
export interface Tls extends TlsFiles {
  readonly rejectUnauthorized: boolean;
  /** Returns undefined to accept any host name. If absent, the host name is compared with the certificate. */
  readonly checkServerIdentity?: () => undefined;
}

const MODES = ['disable', 'require', 'verify-ca', 'verify-full', 'no-verify'] as const;
type Mode = (typeof MODES)[number];

/**
 * Reads the TLS parameters of a URL, by the names of libpq.
 *
 * | `sslmode` | Server's certificate |
 * |---|---|
 * | `disable`, the default | no TLS |
 * | `require` with `sslrootcert`, `verify-ca` | issued by a CA of that file, for whatever host |
 * | `require` without, `verify-full` | issued by a CA of `sslrootcert`, or of the system without one, for this host |
 * | `no-verify` | not looked at |
 *
 * Files without an `sslmode` mean `verify-full`. `allow` and `prefer` are refused: they connect without TLS as well.
 *
 * @param refuse throws, with the reason
 */
export function readTls(given: ReadonlyMap<string, string>, refuse: (what: string) => never): Tls | false {
  const mode = modeOf(given, refuse);
  const [root, cert, key] = ['sslrootcert', 'sslcert', 'sslkey'].map((name) => given.get(name) || undefined);
  if (mode === 'disable') {
    if (root ?? cert ?? key) refuse('sslmode=disable does not go with certificates');
    return false;
  }
  if ((cert === undefined) !== (key === undefined)) refuse('sslcert and sslkey need each other');
  if (mode === 'no-verify' && root !== undefined) refuse('sslmode=no-verify does not go with sslrootcert');
  const ownCa = root !== undefined && root !== 'system';
  if (mode === 'verify-ca' && !ownCa)
    refuse('sslmode=verify-ca needs sslrootcert: a public CA certifies any host');
  const read = (name: string, file: string): string => readTlsFile(name, file, refuse);
  const passphrase = given.get('sslpassword');
  const tls: Tls = {
    ...(ownCa ? { ca: read('sslrootcert', root) } : {}),
    ...(cert === undefined ? {} : { cert: read('sslcert', cert) }),
    ...(key === undefined ? {} : { key: read('sslkey', key) }),
    ...(passphrase === undefined ? {} : { passphrase }),
    rejectUnauthorized: mode !== 'no-verify',
    ...(mode === 'verify-ca' || (mode === 'require' && ownCa)
      ? { checkServerIdentity: () => undefined }
      : {}),
  };
  checkTlsFiles(tls, 'sslrootcert', refuse);
  return tls;
}

function modeOf(given: ReadonlyMap<string, string>, refuse: (what: string) => never): Mode {
  const text = given.get('sslmode') ?? modeOfSsl(given.get('ssl'), refuse);
  if (text === undefined) {
    return ['sslrootcert', 'sslcert', 'sslkey'].some((name) => given.get(name)) ? 'verify-full' : 'disable';
  }
  const mode = MODES.find((one) => one === text);
  return mode ?? refuse(`sslmode=${text}: it must be one of ${MODES.join(', ')}`);
}

/** `ssl=true`, as other Node.js programs write it. */
function modeOfSsl(ssl: string | undefined, refuse: (what: string) => never): Mode | undefined {
  switch (ssl) {
    case undefined:
      return undefined;
    case 'true':
    case '1':
      return 'verify-full';
    case 'false':
    case '0':
      return 'disable';
    case 'no-verify':
      return 'no-verify';
    default:
      return refuse(`ssl=${ssl}: use sslmode`);
  }
}
