import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, test } from 'node:test';
import { createApi, type Api } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { openDatabase } from '../../src/database.ts';
import { createAccount } from '../../src/accounts/accounts.ts';
import { createSecretBox } from '../../src/accounts/secrets.ts';
import { startDns, type FakeDns } from '../support/dns.ts';
import { startProcess, type ServiceProcess } from '../support/process.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { page, startSite, type Site } from '../support/site.ts';
import { DOCUMENT_ATTACKS, LARGE_ATTACKS, PAGE_ATTACKS, RECEIVER_ATTACKS, type Attack } from './attacks.ts';

const TIMEOUT_MS = 2000;
/** For machines that do something else besides: what was measured is printed. */
const MARGIN_MS = 3000;

let database: TestDatabase;
let service: ServiceProcess;
let attacked: Api;
let bystander: Api;
let attackers: Worker;
/** The ports of the attackers. */
let hostile: { pages: number; callbacks: number };
let dns: FakeDns;
let site: Site;
let receiver: Receiver;

before(async () => {
  database = await createTestDatabase();
  attackers = new Worker(new URL('./hostile-servers.ts', import.meta.url));
  [hostile] = (await once(attackers, 'message')) as [typeof hostile];
  const large = page('Large', '<a href="/">words</a> of a page. '.repeat(15_000));
  site = await startSite({ '/': page('Home', 'Hello.'), '/large': large });
  receiver = await startReceiver();
  const key = 'ok_test_key_of_the_attacked';
  dns = await startDns();
  // An endpoint each, so that none waits for another.
  for (const n of Object.keys(RECEIVER_ATTACKS).keys()) dns.zone.set(`attack-${n}.example.test`, { a: ['127.0.0.1'] });
  service = startProcess({
    DNS_SERVERS: dns.server,
    DATABASE_URL: database.url,
    OLLAGRAPH_API_KEY: key,
    ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
    WEBHOOK_TIMEOUT_MS: String(TIMEOUT_MS),
    WEBHOOK_RETRY_SCHEDULE: '600',
    RATE_LIMIT_PER_MINUTE: '0',
    FREE_CREDITS: '100000',
    HOST_CONCURRENCY: '16',
  });
  const origin = `http://127.0.0.1:${await service.ready()}`;
  attacked = createApi(origin, key);
  await using open = openDatabase(database.url, 1, () => {});
  const account = await createAccount(open.db, createSecretBox(undefined), { name: 'bystander', credits: 100_000 });
  bystander = createApi(origin, account.key);
  // Warm, also from pages of half a megabyte, so that what is measured is what the attacks take besides.
  const urls = Array.from({ length: 300 }, (_, n) => site.url(n % 5 === 0 ? '/large' : '/'));
  await bystander.finished(await bystander.queue('/v1/scrape/batch/async', { urls }));
  for (let round = 0; round < 50; round++) await bystander('POST', '/v1/scrape', { url: site.url('/') });
});
after(async () => {
  await service[Symbol.asyncDispose]();
  await attackers.terminate();
  await dns.close();
  for (const server of [site, receiver]) await server[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const attackUrl = (name: string) => `http://127.0.0.1:${hostile.pages}/${encodeURIComponent(name)}`;

async function residentMiB(): Promise<number> {
  const status = await readFile(`/proc/${service.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) / 1024;
}

/** Lets `attack` happen while a bystander works, and tells what that cost. */
async function during(attack: () => Promise<void>): Promise<{ report: string; growthMiB: number }> {
  const state = { over: false };
  const answers: number[] = [];
  const pages: number[] = [];
  const start = await residentMiB();
  let most = start;
  const timed = async (times: number[], work: () => Promise<void>, pauseMs: number) => {
    while (!state.over) {
      const begun = performance.now();
      await work();
      times.push(performance.now() - begun);
      await sleep(pauseMs);
    }
  };
  const watch = [
    timed(answers, async () => assert.equal((await bystander('GET', '/v1/me')).status, 200), 5),
    timed(
      pages,
      async () => {
        const { json } = await bystander('POST', '/v1/scrape', { url: site.url('/') });
        assert.equal(json.status, 'ok', JSON.stringify(json.error));
      },
      100,
    ),
    timed([], async () => void (most = Math.max(most, await residentMiB())), 50),
  ];
  const attacking = attack().finally(() => (state.over = true));
  await Promise.all([attacking, ...watch]);
  const growthMiB = most - start;
  const report = `memory +${growthMiB.toFixed(0)} MiB; API p50 ${quantile(answers, 0.5)} p99 ${quantile(answers, 0.99)} ms of ${answers.length}; a bystander's page p99 ${quantile(pages, 0.99)} ms of ${pages.length}`;
  return { report, growthMiB };
}

function quantile(numbers: number[], q: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? 0);
}

interface Ended {
  url: string;
  status: string;
  error: { code: string } | null;
  duration_ms: number;
}

/** Has the attack scraped, and returns how long it took. */
async function scrape(name: string): Promise<number> {
  const answer = await attacked('POST', '/v1/scrape', { url: attackUrl(name), timeout_ms: TIMEOUT_MS });
  const { status, error, duration_ms } = answer.json as Ended;
  assertEnd(name, PAGE_ATTACKS[name]!, error?.code ?? status, duration_ms);
  return duration_ms;
}

/** On a machine that is slow, any attack may be a timeout. */
function assertEnd(name: string, attack: Attack, end: string, durationMs: number): void {
  assert.ok([...attack.ends, 'timeout'].includes(end), `${name}: ${end}`);
  assert.ok(durationMs < TIMEOUT_MS + MARGIN_MS, `${name}: ${durationMs} ms`);
}

test('hostile origins: each ends in a typed error in time, and others notice nothing', async (t) => {
  const names = Object.keys(PAGE_ATTACKS);
  const apart = await during(async () => {
    // Those that only let time pass take no memory.
    for (const name of names.filter((n) => PAGE_ATTACKS[n]!.ends[0] !== 'timeout')) await scrape(name);
  });
  t.diagnostic(`one after another: ${apart.report}`);
  let longest = 0;
  const together = await during(async () => {
    longest = Math.max(...(await Promise.all(names.map(scrape))));
  });
  t.diagnostic(`all at once: ${together.report}; the longest took ${longest} of ${TIMEOUT_MS} ms`);
  for (const { growthMiB, report } of [apart, together]) assert.ok(growthMiB < 128, report);
});

test('hostile documents: each is read, or refused, and others notice nothing', { timeout: 80_000 }, async (t) => {
  const { ends, report, growthMiB } = await scrapeDocuments(DOCUMENT_ATTACKS, 1);
  for (const end of ends) t.diagnostic(end);
  t.diagnostic(report);
  assert.ok(growthMiB < 96, report);
});

test('documents as large as may be, all at once: others notice nothing', { timeout: 200_000 }, async (t) => {
  const { ends, report, growthMiB } = await scrapeDocuments(LARGE_ATTACKS, 2);
  for (const end of ends) t.diagnostic(end);
  t.diagnostic(report);
  assert.ok(growthMiB < 512, report);
});

/** Has the documents scraped in one batch, so many times each, and tells how each ended. */
async function scrapeDocuments(attacks: Record<string, Attack>, times: number) {
  const names = Array.from({ length: times }, () => Object.keys(attacks)).flat();
  const ends: string[] = [];
  const measured = await during(async () => {
    const job_id = await attacked.queue('/v1/scrape/batch/async', {
      urls: names.map((name, n) => `${attackUrl(name)}?${n}`),
      timeout_ms: 5000,
      formats: ['markdown', 'links', 'metadata'],
    });
    await ended(job_id);
    for (const [n, { status, error, duration_ms }] of (await pagesOf(job_id)).entries()) {
      const end = error?.code ?? status;
      ends.push(`${names[n]}: ${end} ${duration_ms} ms`);
      assert.ok(attacks[names[n]!]!.ends.includes(end), ends.at(-1));
    }
  });
  assert.equal(ends.length, names.length);
  return { ends, ...measured };
}

async function ended(jobId: string): Promise<void> {
  while (!(await attacked('GET', `/v1/jobs/${jobId}?wait=25&result=false`)).json.finished_at);
}

async function pagesOf(jobId: string): Promise<Ended[]> {
  const pages: Ended[] = [];
  for (let cursor = ''; ;) {
    const { json } = await attacked('GET', `/v1/jobs/${jobId}/pages?limit=100${cursor}`);
    pages.push(...(json.data as Ended[]));
    if (json.next_cursor === null) return pages;
    cursor = `&cursor=${json.next_cursor}`;
  }
}

test('hostile receivers: each attempt ends in a typed error in time, and others get theirs', async (t) => {
  const names = Object.keys(RECEIVER_ATTACKS);
  let longest = 0;
  const { report, growthMiB } = await during(async () => {
    const deliveries = bystander.queue('/v1/scrape/async', { url: site.url('/'), webhook_url: receiver.url() });
    const tests = await Promise.all(
      names.map((name, n) =>
        attacked('POST', '/v1/me/webhooks/test', {
          webhook_url: `https://attack-${n}.example.test:${hostile.callbacks}/${encodeURIComponent(name)}`,
        }),
      ),
    );
    for (const [n, name] of names.entries()) {
      const [first] = tests[n]!.json.attempt_log;
      assertEnd(name, RECEIVER_ATTACKS[name]!, first.error ?? 'ok', first.duration_ms);
      assert.ok((first.response_body ?? '').length <= 1024);
      longest = Math.max(longest, first.duration_ms);
    }
    await deliveries;
    await receiver.received(1);
  });
  t.diagnostic(`${report}; the longest took ${Math.round(longest)} of ${TIMEOUT_MS} ms`);
  assert.ok(growthMiB < 64, report);
});
