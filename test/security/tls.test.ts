import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createServer, type TlsOptions } from 'node:tls';
import { generate } from 'selfsigned';
import { createEgress, type Egress } from '../../src/egress/index.ts';
import { failure } from '../support/checks/failure.ts';
import { ok, startOrigin } from '../support/net/origin.ts';
import { createAuthority, type Authority, type Certificate } from '../support/net/certificates.ts';
import { listen } from '../support/net/listen.ts';

let authority: Authority;
let egress: Egress;
before(async () => {
  authority = await createAuthority();
  egress = createEgress({ allowTargets: ['127.0.0.0/8'], allowWebhooks: ['127.0.0.0/8'], ca: authority.ca });
});
after(() => egress.close());

/** Asserts that TLS to this port fails with `code`, as page and as webhook. */
async function failuresAt(port: number, code: 'tls_failed' | 'connection_failed' | 'timeout'): Promise<void> {
  const url = `https://127.0.0.1:${port}/`;
  const timeoutMs = code === 'timeout' ? 400 : 5000;
  await failure(egress.fetchPage({ url, userAgent: 't', timeoutMs }), code);
  await failure(egress.post({ url, headers: {}, body: Buffer.from('{}'), timeoutMs }), code);
}

async function startTls(options: TlsOptions): Promise<AsyncDisposable & { port: number; requests: number }> {
  const server = createServer(options, (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      state.requests++;
      socket.end(ok());
    });
  });
  server.on('tlsClientError', () => {});
  const state = {
    port: await listen(server),
    requests: 0,
    [Symbol.asyncDispose]: () => new Promise<void>((closed) => void server.close(() => closed())),
  };
  return state;
}

const days = (n: number) => new Date(Date.now() + n * 86_400_000);

async function leaf(options: { notBefore?: number; notAfter?: number }): Promise<Certificate> {
  const made = await generate([{ name: 'commonName', value: 'Alone' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: days(options.notBefore ?? -1),
    notAfterDate: days(options.notAfter ?? 1),
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
  });
  return { key: made.private, cert: made.cert };
}

test('TLS of every broken kind: certificates that do not vouch for the host', async () => {
  const strange = await createAuthority();
  const kinds: Record<string, Certificate> = {
    'an authority that nobody knows': await strange.issue(['127.0.0.1']),
    'signed by itself': await leaf({}),
    'not valid yet': await leaf({ notBefore: 2, notAfter: 3 }),
    expired: await authority.issue(['127.0.0.1'], { notAfter: new Date(Date.now() - 60_000) }),
    'another address': await authority.issue(['127.0.0.2']),
    'a name that looks like it': await authority.issue(['127.0.0.1.test', '*.0.0.1']),
    'no name at all': await authority.issue([]),
  };
  for (const [kind, certificate] of Object.entries(kinds)) {
    await using server = await startTls(certificate);
    await failuresAt(server.port, 'tls_failed');
    assert.equal(server.requests, 0, kind);
  }
  await using fine = await startTls(await authority.issue(['127.0.0.1']));
  const url = `https://127.0.0.1:${fine.port}/`;
  assert.equal((await egress.fetchPage({ url, userAgent: 't', timeoutMs: 5000 })).status, 200);
});

test('TLS of every broken kind: handshakes that cannot succeed', async () => {
  const certificate = await authority.issue(['127.0.0.1']);
  const kinds: Record<string, TlsOptions> = {
    'only TLS 1.1': {
      ...certificate,
      minVersion: 'TLSv1.1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    },
    'no cipher in common': { ...certificate, maxVersion: 'TLSv1.2', ciphers: 'RSA-PSK-AES128-GCM-SHA256' },
    'no certificate': {},
    'another protocol than HTTP/1.1': { ...certificate, ALPNProtocols: ['h2'] },
  };
  for (const [kind, options] of Object.entries(kinds)) {
    await using server = await startTls(options);
    await failuresAt(server.port, 'tls_failed');
    assert.equal(server.requests, 0, kind);
  }
  const alert = Buffer.from([0x15, 3, 3, 0, 2, 2, 40]);
  const half = Buffer.from([0x16, 3, 3, 0x40, 0, 2, 0, 0x3f, 0xfc]);
  for (const bytes of [alert, Buffer.from('220 mail ready\r\n'), Buffer.alloc(65_536, 0x16)]) {
    await using server = await startOrigin('', { onConnection: (socket) => void socket.end(bytes) });
    await failuresAt(server.port, 'tls_failed');
  }
  await using silent = await startOrigin('', { onConnection: (socket) => void socket.write(half) });
  await failuresAt(silent.port, 'timeout');
  await using resets = await startOrigin('', { onConnection: (socket) => void socket.resetAndDestroy() });
  await failuresAt(resets.port, 'connection_failed');
});

test('TLS of every broken kind: a server that asks for our certificate gets no request', async () => {
  const certificate = await authority.issue(['127.0.0.1']);
  await using server = await startTls({
    ...certificate,
    requestCert: true,
    rejectUnauthorized: true,
    ca: authority.ca,
    maxVersion: 'TLSv1.2',
  });
  const url = `https://127.0.0.1:${server.port}/`;
  await assert.rejects(egress.fetchPage({ url, userAgent: 't', timeoutMs: 5000 }));
  assert.equal(server.requests, 0);
});
