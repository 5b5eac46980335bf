import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type TlsOptions } from 'node:tls';
import { before, test } from 'node:test';
import { createEgress, type Egress } from '../../../src/egress/index.ts';
import { createAuthority, type Authority } from '../../support/net/certificates.ts';
import { createCertificateChain } from './certificate-chain.ts';
import { failure } from '../../support/checks/failure.ts';
import { ok, redirect, startOrigin } from '../../support/net/origin.ts';

const DAY_MS = 86_400_000;
const LOOPBACK = ['127.0.0.0/8'];

let authority: Authority;
before(async () => {
  authority = await createAuthority();
});

function egressWith(ca: string): Egress {
  return createEgress({ allowTargets: LOOPBACK, allowWebhooks: LOOPBACK, ca });
}
const urlOf = ({ port }: { port: number }) => `https://127.0.0.1:${port}/`;
const page = (origin: { port: number }) => ({ url: urlOf(origin), userAgent: 't', timeoutMs: 5000 });
const hook = (origin: { port: number }) => ({
  url: urlOf(origin),
  headers: {},
  body: Buffer.from('{}'),
  timeoutMs: 5000,
});

async function startTls(options: TlsOptions) {
  const server = createServer(options, (socket) => socket.on('error', () => {}).end(ok()));
  server.on('tlsClientError', () => {}).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { port: address.port, [Symbol.asyncDispose]: async () => void server.close() };
}

test('a failed handshake names its fault, for pages and for callbacks', async () => {
  await using egress = egressWith(authority.ca);
  const other = await createAuthority();
  const chain = await createCertificateChain('http://127.0.0.1:1/none');
  const certificate = await authority.issue(['127.0.0.1']);
  const faults: Record<string, TlsOptions> = {
    certificate_expired: await authority.issue(['127.0.0.1'], { notAfter: new Date(Date.now() - DAY_MS) }),
    certificate_wrong_name: await authority.issue(['elsewhere.test']),
    certificate_unknown_issuer: { ...chain.complete },
    certificate_self_signed: await selfSigned(),
    certificate_chain_incomplete: chain.leaf,
    tls_protocol: {
      ...certificate,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    },
  };
  for (const [fault, options] of Object.entries(faults)) {
    await using server = await startTls(options);
    assert.equal((await failure(egress.fetchPage(page(server)), 'tls_failed')).detail, fault);
    const error = await failure(egress.post(hook(server)), 'tls_failed');
    assert.equal(error.detail, fault);
    assert.doesNotMatch(error.message, /handshake failed/);
  }
  await using asks = await startTls({ ...certificate, requestCert: true, ca: other.ca });
  assert.equal((await failure(egress.post(hook(asks)), 'tls_failed')).detail, 'client_certificate_required');
  await using asksBefore = await startTls({
    ...certificate,
    requestCert: true,
    ca: other.ca,
    maxVersion: 'TLSv1.2',
  });
  assert.equal(
    (await failure(egress.post(hook(asksBefore)), 'tls_failed')).detail,
    'client_certificate_required',
  );
});

async function selfSigned() {
  const { generate } = await import('selfsigned');
  const { private: key, cert } = await generate([{ name: 'commonName', value: 'alone' }], {
    keyType: 'ec',
    algorithm: 'sha256',
  });
  return { key, cert };
}

test('a missing issuer certificate of a page is fetched once, and only a trusted chain counts', async () => {
  let certificate: Buffer = Buffer.alloc(0);
  await using issuers = await startOrigin((socket) =>
    socket.write(
      Buffer.concat([
        Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${certificate.length}\r\n\r\n`),
        certificate,
      ]),
    ),
  );
  const chain = await createCertificateChain(`http://127.0.0.1:${issuers.port}/issuer.cer`);
  certificate = chain.intermediate;
  await using site = await startOrigin(ok('the page', 'Connection: close'), { certificate: chain.leaf });
  {
    await using egress = egressWith(chain.ca);
    for (let fetch = 0; fetch < 3; fetch++)
      assert.equal((await egress.fetchPage(page(site))).body.toString(), 'the page');
    assert.equal(issuers.requests.length, 1);
    const error = await failure(egress.post(hook(site)), 'tls_failed');
    assert.equal(error.detail, 'certificate_chain_incomplete');
  }
  await using distrusting = egressWith(authority.ca);
  await failure(distrusting.fetchPage(page(site)), 'tls_failed');
});

test('an issuer that is signed by itself, or is none, never becomes trusted', async () => {
  const answers: Buffer[] = [];
  await using issuers = await startOrigin((socket) => {
    const body = answers[0]!;
    socket.write(
      Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body]),
    );
  });
  const chain = await createCertificateChain(`http://127.0.0.1:${issuers.port}/issuer.cer`);
  await using site = await startOrigin(ok(), { certificate: chain.leaf });
  for (const answer of [chain.ca, chain.leaf.cert, authority.ca, 'no certificate', '']) {
    answers[0] = Buffer.from(answer);
    await using egress = egressWith(authority.ca);
    const error = await failure(egress.fetchPage(page(site)), 'tls_failed');
    assert.equal(error.detail, 'certificate_chain_incomplete');
  }
});

test('the address policy counts for the place of an issuer', async () => {
  await using issuers = await startOrigin(ok());
  const chain = await createCertificateChain(`http://127.0.0.2:${issuers.port}/issuer.cer`);
  await using site = await startOrigin(ok(), { certificate: chain.leaf });
  await using egress = createEgress({ allowTargets: ['127.0.0.1'], allowWebhooks: [], ca: chain.ca });
  await failure(egress.fetchPage(page(site)), 'tls_failed');
  assert.equal(issuers.connections, 0);
});

test('skipTlsVerification takes any certificate, and its connections serve no verified request', async () => {
  const certificate = await authority.issue(['elsewhere.test'], { notAfter: new Date(Date.now() - DAY_MS) });
  await using site = await startOrigin(
    (socket, { path }) => socket.write(path === '/' ? redirect('/next') : ok()),
    {
      certificate,
    },
  );
  await using egress = egressWith(authority.ca);
  const fetched = await egress.fetchPage({ ...page(site), skipTlsVerification: true });
  assert.deepEqual([fetched.status, site.connections], [200, 1]);
  await failure(egress.fetchPage(page(site)), 'tls_failed');
  assert.equal(site.requests.length, 2);
});
