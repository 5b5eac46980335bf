import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Certificate } from '../../support/net/certificates.ts';

export interface CertificateChain {
  /** The root, PEM: what clients trust. */
  ca: string;
  /** The intermediate certificate, DER: what `issuerUrl` should answer. */
  intermediate: Buffer;
  /** For localhost and 127.0.0.1, issued by the intermediate, which is not part of it. */
  leaf: Certificate;
  /** The same with its intermediate. */
  complete: Certificate;
}

/**
 * Makes a root, an intermediate and a server's certificate that names `issuerUrl` as the place of
 * its issuer.
 */
export async function createCertificateChain(issuerUrl: string): Promise<CertificateChain> {
  const directory = await mkdtemp(join(tmpdir(), 'chain-'));
  const at = (file: string) => join(directory, file);
  const openssl = async (...args: string[]) => await promisify(execFile)('openssl', args, { cwd: directory });
  const issue = async (name: string, issuer: string, extensions: string) => {
    const subject = ['-subj', `/CN=chain ${name}`, '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    await openssl('req', '-new', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, ...subject);
    await writeFile(at(`${name}.ext`), extensions);
    const signer =
      issuer === name
        ? ['-signkey', `${name}.key`]
        : ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial'];
    const files = ['-in', `${name}.csr`, '-out', `${name}.pem`, '-extfile', `${name}.ext`];
    await openssl('x509', '-req', '-days', '30', '-sha256', ...files, ...signer);
  };
  const read = async (file: string) => await readFile(at(file), 'utf8');
  try {
    await issue('root', 'root', 'basicConstraints=critical,CA:TRUE\n');
    await issue('intermediate', 'root', 'basicConstraints=critical,CA:TRUE\n');
    await issue(
      'leaf',
      'intermediate',
      `subjectAltName=DNS:localhost,IP:127.0.0.1\nauthorityInfoAccess=caIssuers;URI:${issuerUrl}\n`,
    );
    await openssl('x509', '-in', 'intermediate.pem', '-outform', 'DER', '-out', 'intermediate.der');
    const leaf = { key: await read('leaf.key'), cert: await read('leaf.pem') };
    return {
      ca: await read('root.pem'),
      intermediate: await readFile(at('intermediate.der')),
      leaf,
      complete: { key: leaf.key, cert: leaf.cert + (await read('intermediate.pem')) },
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}
