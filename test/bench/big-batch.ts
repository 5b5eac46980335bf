// A batch of 100,000 URLs against a local server: accepted, run, and called back once; the
// service's memory throughout, and
// what another account's single pages take meanwhile. Run: node test/bench/big-batch.ts [URLs]
// [minutes at most] [webhook_payload: full, or link, which is then downloaded]
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { linesOf } from '../../src/database/lines.ts';
import { report } from './support/figures.ts';
import { watchMemory } from '../support/measure/watch-memory.ts';
import { startReceiver, type Callback } from './support/receiver.ts';
import { startService } from './support/service.ts';
import { startSite } from './support/site.ts';
import { quantile } from '../support/measure/quantile.ts';

const [count = 100_000, minutes = 20] = process.argv.slice(2, 4).map(Number);
const payload = process.argv[4] ?? 'full';
const PUBLIC_URL = 'https://public.example';
/**
 * Each hundredth URL leads to a file that no text can be made of: it fails, and costs no credit.
 */
const FAILING = 100;
/** The rates that are compared are those of the first and the last tenth. */
const TENTH = Math.floor(count / 10);

await using receiver = await startReceiver();
await using site = await startSite();
await using service = await startService({ env: { NODE_EXTRA_CA_CERTS: receiver.caFile, PUBLIC_URL } });
using memory = watchMemory(service.pid);
const neighbour = await service.createAccount();

async function singlePage(): Promise<number> {
  const start = performance.now();
  await service.call('POST', '/v1/scrape', { url: `${site.url}/page/0` }, neighbour);
  return performance.now() - start;
}

const idle: number[] = [];
for (let n = 0; n < 40; n++) {
  idle.push(await singlePage());
  await sleep(50);
}
const idleMedian = quantile(idle.slice(10), 0.5);

const urls = Array.from(
  { length: count },
  (_, n) => `${site.url}/${n % FAILING === 0 ? 'binary' : 'page'}/${n}`,
);
const asked = performance.now();
const { job_id } = await service.call('POST', '/v1/scrape/batch/async', {
  urls,
  webhook_url: receiver.url,
  webhook_payload: payload,
});
const acceptedMs = performance.now() - asked;
report(`${count} URLs accepted`, `${(acceptedMs / 1000).toFixed(2)} s`, {
  text: '≤ 5 s',
  met: acceptedMs <= 5000,
});
report('resident set by then', `${memory.peakMiB.toFixed(0)} MB`);

const busy: number[] = [];
const over = new AbortController();
const neighbours = keepAsking(over.signal);
const late = sleep(minutes * 60_000, null, { ref: false });
const arrived = await Promise.race([receiver.callbackOf(job_id), late]);
if (arrived === null) throw new Error(`the batch was not called back within ${minutes} minutes`);
const ranMs = performance.now() - asked;
over.abort();
await neighbours;
report('resident set at most, up to the callback', `${memory.peakMiB.toFixed(0)} MB`);
const callback = payload === 'link' ? await download(arrived) : arrived;
await sleep(2000);

const { rows } = await sql<{ n: number; seconds: number }>`
  select n::int, extract(epoch from settled_at - min(settled_at) over ())::float8 as seconds from (
    select settled_at, row_number() over (order by settled_at) as n from pages where job_id = ${job_id}
  ) p where n in (1, ${TENTH}, ${count - TENTH + 1}, ${count}) order by n`.execute(service.db);
const [first, afterFirst, beforeLast, last] = rows.map((row) => row.seconds);
const firstRate = TENTH / (afterFirst! - first!);
const lastRate = TENTH / (last! - beforeLast!);

report('run through, and called back', `${(ranMs / 1000).toFixed(0)} s`);
report('pages a second over all', `${(count / (last! - first!)).toFixed(0)}/s`);
report(`  over the first ${TENTH}`, `${firstRate.toFixed(0)}/s`);
const ratio = lastRate / firstRate;
report(`  over the last ${TENTH}`, `${lastRate.toFixed(0)}/s`);
report('  last to first', ratio.toFixed(2), { text: '≥ 0.9', met: ratio >= 0.9 });
report('resident set at most', `${memory.peakMiB.toFixed(0)} MB`, {
  text: '≤ 512 MB',
  met: memory.peakMiB <= 512,
});
await reportCounts(job_id, callback);

const busyMedian = quantile(busy, 0.5);
const busyP95 = quantile(busy, 0.95);
report("another account's single page, idle, median", `${idleMedian.toFixed(0)} ms`);
report(`  meanwhile (${busy.length}), median`, `${busyMedian.toFixed(0)} ms`);
report('  meanwhile to idle', (busyMedian / idleMedian).toFixed(2), {
  text: '≤ 2',
  met: busyMedian <= 2 * idleMedian,
});
report('  meanwhile, p95', `${busyP95.toFixed(0)} ms`, { text: '≤ 1 s', met: busyP95 <= 1000 });

/** The callback with what its link leads to: pages by status, and the bytes of all lines. */
async function download(sent: Callback): Promise<Callback> {
  const start = performance.now();
  const response = await fetch(service.url + sent.link!.slice(PUBLIC_URL.length));
  const pages: Record<string, number> = {};
  let bytes = 0;
  for await (const line of linesOf(Readable.fromWeb(response.body!))) {
    const { status } = JSON.parse(line.toString()) as { status: string };
    pages[status] = (pages[status] ?? 0) + 1;
    bytes += line.length + 1;
  }
  const took = (performance.now() - start) / 1000;
  report(`its link downloaded, ${(bytes / 2 ** 20).toFixed(0)} MB`, `${took.toFixed(1)} s`);
  return { ...sent, pages, bytes };
}

async function keepAsking(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const took = await singlePage();
    busy.push(took);
    await sleep(Math.max(0, 1000 - took));
  }
}

async function reportCounts(jobId: string, { pages, total, bytes }: Callback): Promise<void> {
  const failing = Math.ceil(count / FAILING);
  const expected = { total: count, ok: count - failing, failed: failing };
  const facts = await sql<{ job: string; pages: string; used: number; deliveries: number; attempts: number }>`
    select (select concat_ws(' ', status, total, remaining, succeeded, failed, skipped, cancelled) from jobs where id = ${jobId}) as job,
      (select string_agg(concat_ws(' ', status, n), ', ' order by status)
        from (select status, count(*) as n from pages where job_id = ${jobId} group by status) p) as pages,
      (select -sum(amount)::int from credit_entries where job_id = ${jobId}) as used,
      (select count(*)::int from deliveries where job_id = ${jobId}) as deliveries,
      (select sum(attempts)::int from deliveries where job_id = ${jobId}) as attempts`.execute(service.db);
  const row = facts.rows[0]!;
  const right =
    row.job === `completed ${count} 0 ${expected.ok} ${expected.failed} 0 0` &&
    row.pages === `failed ${expected.failed}, ok ${expected.ok}` &&
    row.used === expected.ok &&
    row.deliveries === 1 &&
    pages['ok'] === expected.ok &&
    pages['failed'] === expected.failed &&
    total === count;
  report(
    `callback of ${(bytes / 2 ** 20).toFixed(0)} MB, its ${row.attempts} attempt(s), and all counts`,
    right ? 'right' : 'WRONG',
  );
  if (!right) console.log({ expected, ...row, callback: { pages, total } });
}
