import { readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { generate } from 'selfsigned';

/** A leaf certificate and its private key, PEM. */
export interface Certificate {
  key: string;
  cert: string;
}

/** A certificate authority made for one test run. */
export interface Authority {
  /** The authority's own certificate, PEM, for clients to trust. */
  ca: string;
  /**
   * Signs a server certificate for these DNS names and IP addresses; valid now unless `notAfter`
   * says otherwise.
   */
  issue(names: string[], options?: { notAfter?: Date }): Promise<Certificate>;
}

const DAY_MS = 86_400_000;
const EC = { keyType: 'ec', algorithm: 'sha256' } as const;

export async function createAuthority(): Promise<Authority> {
  const notBeforeDate = new Date(Date.now() - 2 * DAY_MS);
  const root = await generate([{ name: 'commonName', value: 'Test authority' }], {
    ...EC,
    notBeforeDate,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  return {
    ca: root.cert,
    async issue(names, { notAfter = new Date(Date.now() + 30 * DAY_MS) } = {}) {
      const leaf = await generate([{ name: 'commonName', value: 'Test server' }], {
        ...EC,
        notBeforeDate,
        notAfterDate: notAfter,
        ca: { key: root.private, cert: root.cert },
        extensions: [
          { name: 'extKeyUsage', serverAuth: true },
          {
            name: 'subjectAltName',
            altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
          },
        ],
      });
      return { key: leaf.private, cert: leaf.cert };
    },
  };
}

const CA_FILE = 'ca.pem';
const KEY_FILE = 'server.key';
const CERT_FILE = 'server.pem';
/** The names in the run's server certificate. */
const NAMES = ['localhost', '127.0.0.1', '::1', '*.example.test'];

/**
 * Writes an authority and a server certificate it signed to the folder. Returns the CA file for
 * clients.
 */
export async function writeCertificates(directory: string): Promise<{ ca: string }> {
  const authority = await createAuthority();
  const { key, cert } = await authority.issue(NAMES);
  const ca = join(directory, CA_FILE);
  await writeFile(ca, authority.ca);
  await writeFile(join(directory, KEY_FILE), key);
  await writeFile(join(directory, CERT_FILE), cert);
  return { ca };
}

/**
 * The server certificate that `writeCertificates` made: for localhost, 127.0.0.1, ::1 and
 * *.example.test.
 */
export async function readCertificate(directory: string): Promise<Certificate> {
  const [key, cert] = await Promise.all(
    [KEY_FILE, CERT_FILE].map((file) => readFile(join(directory, file), 'utf8')),
  );
  return { key: key!, cert: cert! };
}

/** The paths of the server's key and certificate, for a process that reads them itself. */
export function certificateFiles(directory: string): { key: string; cert: string } {
  return { key: join(directory, KEY_FILE), cert: join(directory, CERT_FILE) };
}
