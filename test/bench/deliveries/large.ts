import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { newId } from '../../../src/ids.ts';
import { rssMiB, type Stage } from './stage.ts';
import { steady } from './latency.ts';
import { quantile } from '../../support/measure/quantile.ts';

/**
 * Delivers one job whose body has about `mebibytes`, while small deliveries go on; memory is the
 * dispatcher's own.
 */
export async function large(stage: Stage, mebibytes: number) {
  const { db } = stage.database;
  const account = stage.accounts[0]!;
  const job = newId('job');
  await sql`insert into pages (account_id, job_id, ordinal, url, host, cache_key, status, fragment, settled_at)
    select ${account}, ${job}, n, 'https://a.example/' || n, 'a.example', '\\x00', 'ok', '{"markdown":"' || repeat(md5(n::text), 2048) || '"}', now()
    from generate_series(1, ${mebibytes * 16}::int) as n`.execute(db);
  const dispatcher = await stage.dispatcher();
  await steady(stage, stage.accounts.slice(1, 11), { perSecond: 100, seconds: 3 });
  const before = await steady(stage, stage.accounts.slice(1, 11), { perSecond: 100, seconds: 5 });
  const idle = rssMiB(dispatcher.pid);
  let peak = idle;
  const watching = setInterval(() => (peak = Math.max(peak, rssMiB(dispatcher.pid))), 100);
  const began = performance.now();
  await sql`insert into outbox (account_id, id, job_id, event, webhook_url, endpoint, webhook_id, head, tail, whole_job)
    values (${account}, ${newId('dlv')}, ${job}, 'large', ${`${stage.receiverUrl}/large`}, ${new URL(stage.receiverUrl).host}, ${job}, '{"pages":[', ']}', true)`.execute(
    db,
  );
  const meanwhile = await steady(stage, stage.accounts.slice(1, 11), { perSecond: 100, seconds: 5 });
  while ((await stage.pending()) > 0) await sleep(50);
  const seconds = (performance.now() - began) / 1000;
  clearInterval(watching);
  await dispatcher.stop();
  return {
    mibPerSecond: mebibytes / seconds,
    idle,
    peak,
    p95Before: quantile(before, 0.95),
    p95Meanwhile: quantile(meanwhile, 0.95),
  };
}
