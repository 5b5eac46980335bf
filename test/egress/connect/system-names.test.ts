import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CidrList } from '../../../src/egress/connect/address.ts';
import { Network } from '../../../src/egress/connect/network.ts';
import { candidatesFor, createResolve } from '../../../src/egress/connect/names/resolve.ts';
import { parseHosts, parseResolvConf } from '../../../src/egress/connect/names/system-files.ts';
import { fetchPage } from '../../../src/egress/page/fetch-page.ts';
import { startDns } from '../../support/net/dns.ts';
import { failure } from '../../support/checks/failure.ts';
import { ok, startOrigin } from '../../support/net/origin.ts';

async function filesWith(texts: { hosts?: string; resolvConf?: string }) {
  const directory = await mkdtemp(join(tmpdir(), 'names-'));
  const files = { hosts: join(directory, 'hosts'), resolvConf: join(directory, 'resolv.conf') };
  if (texts.hosts !== undefined) await writeFile(files.hosts, texts.hosts);
  if (texts.resolvConf !== undefined) await writeFile(files.resolvConf, texts.resolvConf);
  return { files, [Symbol.asyncDispose]: async () => await rm(directory, { recursive: true }) };
}

test('the hosts file names addresses, in any case, layout and number of lines', () => {
  const hosts = parseHosts(
    '# all of it\n127.0.0.1 localhost\n::1\tlocalhost ip6-localhost # loopback\n10.1.2.3  Host.Docker.Internal db\nnot-an-address x\n10.1.2.3 db.\n',
  );
  assert.deepEqual(Object.fromEntries(hosts), {
    localhost: ['127.0.0.1', '::1'],
    'ip6-localhost': ['::1'],
    'host.docker.internal': ['10.1.2.3'],
    db: ['10.1.2.3'],
  });
});

test('the last search or domain line counts, and ndots is taken from the options', () => {
  assert.deepEqual(parseResolvConf('nameserver 1.2.3.4\n', 'machine'), { search: [], ndots: 1 });
  assert.deepEqual(
    parseResolvConf(
      'search a.test b.test.\n; no\nsearch ns.svc.cluster.local svc.cluster.local\noptions timeout:1 ndots:5\n',
      'machine.corp.test',
    ),
    { search: ['ns.svc.cluster.local', 'svc.cluster.local'], ndots: 5 },
  );
  assert.deepEqual(parseResolvConf('search a.test\ndomain b.test\noptions ndots:99', 'machine'), {
    search: ['b.test'],
    ndots: 15,
  });
});

test('without a search list the domain of the machine counts; a list is as long as in Kubernetes', () => {
  assert.deepEqual(parseResolvConf('nameserver 1.2.3.4\n', 'machine.corp.test').search, ['corp.test']);
  assert.deepEqual(parseResolvConf('search .\n', 'machine.corp.test').search, []);
  const domains = Array.from({ length: 12 }, (_, n) => `d${n}.test`);
  assert.deepEqual(parseResolvConf(`search ${domains.join(' ')}\n`, 'machine').search, domains);
});

test('search domains come first below ndots, last otherwise, and never for a rooted name', () => {
  const names = { search: ['a.test', 'b.test'], ndots: 2 };
  assert.deepEqual(candidatesFor('db', names), ['db.a.test', 'db.b.test', 'db']);
  assert.deepEqual(candidatesFor('db.prod.x', names), ['db.prod.x', 'db.prod.x.a.test', 'db.prod.x.b.test']);
  assert.deepEqual(candidatesFor('db.', names), ['db']);
});

test('a name of the hosts file is not asked of the DNS, and a change of the file is seen', async () => {
  await using dns = await startDns({ 'db.test': { a: ['192.0.2.1'] } });
  await using system = await filesWith({ hosts: '10.0.0.7 host.docker.internal DB.test\n' });
  const resolve = createResolve([dns.server], system.files);
  assert.deepEqual(await resolve('host.docker.internal'), ['10.0.0.7']);
  assert.deepEqual(await resolve('db.test.'), ['10.0.0.7']);
  assert.equal(dns.queries.length, 0);
  await writeFile(system.files.hosts, '');
  const later = createResolve([dns.server], system.files);
  assert.deepEqual(await later('db.test'), ['192.0.2.1']);
});

test('search domains are tried until one answers; a domain whose server fails is passed over', async () => {
  await using dns = await startDns({
    'db.broken.test': { fail: 'SERVFAIL' },
    'db.svc.test': { a: ['192.0.2.1'] },
    'shop.example': { a: ['192.0.2.2'] },
  });
  await using system = await filesWith({
    resolvConf: 'search none.test broken.test svc.test\noptions ndots:2\n',
  });
  const resolve = createResolve([dns.server], system.files);
  assert.deepEqual(await resolve('db'), ['192.0.2.1']);
  assert.deepEqual(await resolve('shop.example'), ['192.0.2.2']);
  const error = await failure(resolve('gone'), 'dns_failed');
  assert.equal(error.retryable, false);
  assert.equal((await failure(resolve('db.'), 'dns_failed')).retryable, false);
});

test('the address policy counts for names of the hosts file and of search domains', async () => {
  await using dns = await startDns({ 'inside.svc.test': { a: ['127.0.0.1'] } });
  await using system = await filesWith({
    hosts: '127.0.0.1 host.docker.internal\n',
    resolvConf: 'search svc.test\n',
  });
  await using origin = await startOrigin(ok());
  const resolve = createResolve([dns.server], system.files);
  for (const name of ['host.docker.internal', 'inside', 'inside.svc.test']) {
    for (const allowed of [true, false]) {
      const allow = new CidrList(allowed ? ['127.0.0.0/8'] : []);
      const pages = new Network({ schemes: ['http:'], allow, resolve, connectionsPerOrigin: 1 });
      const page = fetchPage(pages, {
        url: `http://${name}:${origin.port}/`,
        userAgent: 't',
        timeoutMs: 5000,
      });
      if (allowed) assert.equal((await page).status, 200);
      else await failure(page, 'blocked_target');
      pages.pool.close();
    }
  }
});
