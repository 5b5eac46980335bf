import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from 'kysely';
import type { Db } from '../../../src/database/tables.ts';
import { HostClock } from '../../../src/workers/hosts/clock.ts';
import { RestingHosts } from '../../../src/workers/hosts/rest.ts';
import { startTestService, type TestService } from '../../support/service.ts';
import { page, startSite } from '../../support/site.ts';

const HOST = 'busy.test';
const [A, B] = ['acc_a', 'acc_b'].map((accountId) => ({ accountId, host: HOST })) as [Visitor, Visitor];
interface Visitor {
  accountId: string;
  host: string;
}

/** Lets `seconds` pass for every clock of the hosts. */
async function pass(db: Db, seconds: number): Promise<void> {
  const by = sql`${seconds} * interval '1 s'`;
  await sql`update hosts set backoff_until = backoff_until - ${by}`.execute(db);
  await sql`update account_hosts
    set backoff_until = backoff_until - ${by}, shared_at = shared_at - ${by}`.execute(db);
}

/** Whether all accounts leave the host alone. */
async function isResting(db: Db): Promise<boolean> {
  const { rows } = await sql`select from hosts where backoff_until > now()`.execute(db);
  return rows.length > 0;
}

const rounded = ({ seconds, othersSeconds }: { seconds: number; othersSeconds: number }) => [
  Math.round(seconds),
  Math.round(othersSeconds),
];

test("one account's pauses hold others a minute in ten, however often the host asks for them", async () => {
  await using service = await startTestService({ ROLES: 'web' });
  const clock = new HostClock(service.db);
  let heldSeconds = 0;
  for (let second = 0; second < 1200; second += 10) {
    await clock.backOff(A, 429, 60);
    if (await isResting(service.db)) heldSeconds += 10;
    await pass(service.db, 10);
  }
  assert.equal(heldSeconds, 120);
});

test('a pause binds its account whole, and others for a minute; further ones the account alone', async () => {
  await using service = await startTestService({ ROLES: 'web' });
  const clock = new HostClock(service.db);
  assert.deepEqual(rounded(await clock.backOff(A, 429, 3600)), [600, 60]);
  assert.deepEqual(rounded(await clock.backOff(A, 429, 3600)), [600, 0]);
  assert.deepEqual(rounded(await clock.backOff(B, 503, 7)), [7, 7]);
  await pass(service.db, 600);
  assert.equal(await isResting(service.db), false);
  assert.deepEqual(rounded(await clock.backOff(A, 429, 5)), [5, 5]);
});

test('a host that names no pause gets longer ones from each account until it answers that one', async () => {
  await using service = await startTestService({ ROLES: 'web' });
  const clock = new HostClock(service.db);
  const pauses = [];
  for (let n = 0; n < 9; n++) {
    const { seconds } = await clock.backOff(A, 503, null);
    pauses.push(Math.round(seconds));
    await pass(service.db, 600);
  }
  assert.deepEqual(pauses, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
  await clock.endBackOff(B);
  assert.deepEqual(rounded(await clock.backOff(B, 503, null)), [5, 5]);
  await clock.endBackOff(A);
  assert.equal(Math.round((await clock.backOff(A, 503, null)).seconds), 5);
});

test('many answers at once are one pause of which others hear once', async () => {
  await using service = await startTestService({ ROLES: 'web' });
  const clock = new HostClock(service.db);
  const pauses = await Promise.all(Array.from({ length: 16 }, () => clock.backOff(A, 503, null)));
  assert.deepEqual([...new Set(pauses.map(({ seconds }) => Math.round(seconds)))], [5]);
  assert.equal(pauses.filter(({ othersSeconds }) => othersSeconds > 0).length, 1);
});

test('a thread holds others by what the database says, not by each answer', () => {
  const resting = new RestingHosts();
  resting.restAccount(A, 60);
  assert.equal(resting.secondsLeft(B), 0);
  resting.rest(A, { seconds: 600, othersSeconds: 60 });
  resting.rest(A, { seconds: 600, othersSeconds: 0 });
  assert.deepEqual(
    [A, B].map((visitor) => Math.round(resting.secondsLeft(visitor))),
    [600, 60],
  );
});

test("another account's batch goes on while a host keeps asking one account for pauses", async () => {
  await using site = await startSite({
    '/': page('Here', 'text'),
    '/busy': (_req, res) => void res.writeHead(429, { 'retry-after': '3' }).end(),
  });
  await using service = await startTestService({ WORKER_THREADS: '2' });
  const other = await service.createAccount();
  const ended = new AbortController();
  const attack = keepAsking(service, site.url('/busy'), ended.signal);
  try {
    const urls = Array.from({ length: 20 }, (_, n) => site.url(`/?${n}`));
    for (const { search } of urls.map((url) => new URL(url)))
      site.routes.set(`/${search}`, page('Here', 'text'));
    const id = await other.api.queue('/v1/scrape/batch/async', { urls });
    assert.equal((await other.api.finished(id)).succeeded, 20);
  } finally {
    ended.abort();
    assert.ok((await attack) > 3);
  }
});

/** Asks for a page whenever the host has answered, and returns how often that was. */
async function keepAsking({ api }: TestService, url: string, signal: AbortSignal): Promise<number> {
  for (let times = 0; ; times++) {
    if (signal.aborted) return times;
    assert.equal((await api('POST', '/v1/scrape', { url })).json.http_status, 429);
  }
}
