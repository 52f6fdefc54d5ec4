import { execFile } from 'node:child_process';
import { chmod, chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureProgram, postgresUser } from '@chorus/local';

const run = promisify(execFile);

/** Files in PEM. */
export interface TestCertificates {
  readonly folder: string;
  /** The CA that signed the certificates. */
  readonly ca: string;
  /** A CA that signed none of them. */
  readonly otherCa: string;
  /** Of a server, for `localhost` and `127.0.0.1`. */
  readonly server: { readonly cert: string; readonly key: string };
  /** Of a server, for `elsewhere.example` only. */
  readonly elsewhere: { readonly cert: string; readonly key: string };
  /** Of a client. */
  readonly client: { readonly cert: string; readonly key: string };
  close(): Promise<void>;
}

/**
 * Creates certificates that are valid for a day, with the `openssl` of the PATH or, for root on Debian, of apt.
 * @param clientName common name of the client's certificate
 * @throws {StartError} if openssl is missing and cannot be installed
 */
export async function makeTestCertificates(clientName = 'chorus'): Promise<TestCertificates> {
  const openssl = await ensureProgram('openssl', {
    who: 'the tests of TLS need openssl',
    hint: 'put openssl on the PATH (Debian, Ubuntu: apt-get install openssl)',
  });
  const folder = await mkdtemp(join(tmpdir(), 'chorus-certificates-'));
  const file = (name: string): string => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const authority = (name: string) =>
    run(openssl, [
      ...['req', '-x509', ...key, '-days', '1', '-subj', `/CN=Test CA ${name}`],
      ...['-keyout', file(`${name}.key`), '-out', file(`${name}.crt`)],
    ]);
  const signed = async (name: string, subject: string, names?: string) => {
    const request = [...['req', ...key, '-subj', `/CN=${subject}`]];
    await run(openssl, [...request, '-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)]);
    await writeFile(file(`${name}.ext`), names === undefined ? '' : `subjectAltName=${names}\n`);
    await run(openssl, [
      ...['x509', '-req', '-in', file(`${name}.csr`), '-out', file(`${name}.crt`), '-days', '1'],
      ...[
        '-CA',
        file('ca.crt'),
        '-CAkey',
        file('ca.key'),
        '-set_serial',
        `0x${Buffer.from(name).toString('hex')}`,
      ],
      ...['-extfile', file(`${name}.ext`)],
    ]);
  };
  await authority('ca');
  await authority('other');
  await signed('server', 'localhost', 'DNS:localhost,IP:127.0.0.1');
  await signed('elsewhere', 'elsewhere.example', 'DNS:elsewhere.example');
  await signed('client', clientName);
  // PostgreSQL runs as its own user and reads a key that it owns, or one of root's that its group may read.
  const user = await postgresUser();
  await chmod(folder, 0o755);
  for (const name of await readdir(folder)) {
    await chmod(file(name), !name.endsWith('.key') ? 0o644 : user === undefined ? 0o600 : 0o640);
    if (user !== undefined) await chown(file(name), 0, user.gid);
  }
  const pair = (name: string) => ({ cert: file(`${name}.crt`), key: file(`${name}.key`) });
  return {
    folder,
    ca: file('ca.crt'),
    otherCa: file('other.crt'),
    server: pair('server'),
    elsewhere: pair('elsewhere'),
    client: pair('client'),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
