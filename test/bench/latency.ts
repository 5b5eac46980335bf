// From the commit of a job's end to the first bytes of its callback, the service idle otherwise:
// single-page jobs, one after
// the other, all processes on this machine. Run: node test/bench/latency.ts [jobs]
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { report } from './support/figures.ts';
import { startReceiver } from './support/receiver.ts';
import { startService } from './support/service.ts';
import { startSite } from './support/site.ts';
import { quantile } from '../support/measure/quantile.ts';

const WARM_UP = 20;
const jobs = Number(process.argv[2] ?? 200);

await using receiver = await startReceiver();
await using site = await startSite();
await using service = await startService({
  env: { NODE_EXTRA_CA_CERTS: receiver.caFile },
  settings: { track_commit_timestamp: 'on' },
});

const fromCommit: number[] = [];
const fromRequest: number[] = [];
for (let n = 0; n < WARM_UP + jobs; n++) {
  await sleep(20);
  const asked = performance.timeOrigin + performance.now();
  const body = { url: `${site.url}/page/${n}`, webhook_url: receiver.url };
  const { job_id } = await service.call('POST', '/v1/scrape/async', body);
  const { at } = await receiver.callbackOf(job_id);
  const { rows } = await sql<{ ms: number }>`
    select extract(epoch from pg_xact_commit_timestamp(xmin))::float8 * 1000 as ms from jobs where id = ${job_id}`.execute(
    service.db,
  );
  if (n < WARM_UP) continue;
  fromCommit.push(at - rows[0]!.ms);
  fromRequest.push(at - asked);
}

const ms = (value: number) => `${value.toFixed(1)} ms`;
const median = quantile(fromCommit, 0.5);
report('commit to callback, median', ms(median), { text: '≤ 10 ms', met: median <= 10 });
report('commit to callback, p95', ms(quantile(fromCommit, 0.95)));
report('request to callback (fetch, extract, store, send), median', ms(quantile(fromRequest, 0.5)));
report('request to callback, p95', ms(quantile(fromRequest, 0.95)));
