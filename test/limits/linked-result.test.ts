import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { sql } from 'kysely';
import { newId } from '../../src/ids.ts';
import { createApi } from '../support/api.ts';
import { createTestDatabase } from '../support/database.ts';
import { residentMiB } from '../support/measure/resident.ts';
import { watchMemory } from '../support/measure/watch-memory.ts';
import { startProcess } from '../support/process.ts';
import { startReceiver } from '../support/receiver.ts';

const PAGES = 20_000;
const INSERTED_AT_ONCE = 1000;
/** 160 MiB in all. */
const PAGE_BYTES = 8192;
/** What the process may grow by, however large the result is. */
const MOST_MIB = 64;
const KEY = 'ok_test_key_of_some_length';
const PUBLIC_URL = 'https://public.example';

test('a link to 20,000 pages is made and read in constant memory', async (t) => {
  await using database = await createTestDatabase();
  await using receiver = await startReceiver();
  await using service = startProcess({
    DATABASE_URL: database.url,
    OLLAGRAPH_API_KEY: KEY,
    PUBLIC_URL,
    ROLES: 'web,dispatcher',
    ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
  });
  const origin = `http://127.0.0.1:${await service.ready()}`;
  const api = createApi(origin, KEY);
  const hook = receiver.url();
  // The first delivery of a process loads what later ones have.
  await api('POST', '/v1/me/webhooks/test', { webhook_url: hook });
  const { db } = database;
  const { id: account } = await db.selectFrom('accounts').select('id').executeTakeFirstOrThrow();
  const job = newId('job');
  const counts = { total: PAGES, remaining: 0, succeeded: PAGES, reserved: 0 };
  await db
    .insertInto('jobs')
    .values({ account_id: account, id: job, kind: 'batch', options: '{}', ...counts, webhook_url: hook })
    .execute();
  await sql`update jobs set status = 'completed', started_at = now(), finished_at = now()`.execute(db);
  for (let from = 0; from < PAGES; from += INSERTED_AT_ONCE)
    await sql`
      insert into pages (account_id, job_id, ordinal, url, host, cache_key, status, fragment, settled_at)
      select ${account}, ${job}, n, 'https://a.example/' || n, 'a.example', '\\x00', 'ok',
        '{"n":' || n || ',"é":"' || repeat(md5(n::text), ${PAGE_BYTES / 32}::int) || '"}', now()
      from generate_series(${from}::int, ${from + INSERTED_AT_ONCE - 1}::int) as n`.execute(db);

  const idle = await residentMiB(service.pid);
  using memory = watchMemory(service.pid, { everyMs: 20 });
  await sql`
    insert into outbox (account_id, id, job_id, event, webhook_url, endpoint, webhook_id, head, tail, link, whole_job)
    values (${account}, ${newId('dlv')}, ${job}, 'job.completed', ${hook}, ${new URL(hook).host}, ${job},
      '{"job_id":"' || ${job} || '","result":{', '}}', '', false)`.execute(db);
  const [, callback] = await receiver.received(2);
  const { result } = JSON.parse(callback!.body.toString()) as {
    result: { url: string; length: number; sha256: string };
  };
  const path = result.url.slice(PUBLIC_URL.length);
  const hash = createHash('sha256');
  let bytes = 0;
  let middle = Buffer.alloc(0);
  const from = Math.floor(result.length / 2);
  for await (const chunk of (await fetch(origin + path)).body!) {
    hash.update(chunk);
    if (bytes <= from && from < bytes + chunk.length) middle = Buffer.from(chunk.subarray(from - bytes));
    bytes += chunk.length;
  }
  assert.deepEqual([bytes, hash.digest('hex')], [result.length, result.sha256]);
  const range = `bytes=${from}-${from + middle.length - 1}`;
  const part = await fetch(origin + path, { headers: { range } });
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), middle);
  const { peakMiB } = memory;
  t.diagnostic(
    `${idle.toFixed(0)} MiB before, ${peakMiB.toFixed(0)} at most, for ${(bytes / 2 ** 20).toFixed(0)}`,
  );
  assert.ok(peakMiB - idle < MOST_MIB, `${idle} MiB, then ${peakMiB}`);
});
