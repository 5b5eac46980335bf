// A crawl of documentation from Debian packages, served by another process: this service with
// everything stored in Postgres,
// Crawlee's CheerioCrawler with turndown and its memory storage, and a bare loop of undici and
// extract() that stores
// nothing. Each has the machine for itself, in turns. Run: node test/bench/crawl.ts [pages]
// [rounds]
import { report } from './support/figures.ts';
import { installCompetitors } from './support/competitors.ts';
import { runContestant, type Outcome } from './support/crawlers.ts';
import { watchMemory } from '../support/measure/watch-memory.ts';
import { startService } from './support/service.ts';
import { requireDocumentation, startSite } from './support/site.ts';
import { quantile } from '../support/measure/quantile.ts';

const [pages = 2000, rounds = 3] = process.argv.slice(2).map(Number);
/** For the crawl of one contestant. */
const LIMIT_MS = 5 * 60_000;

requireDocumentation();
installCompetitors();
await using site = await startSite();
const start = `${site.url}/`;
const outcomes: Record<'service' | 'crawlee' | 'bare', Outcome[]> = { service: [], crawlee: [], bare: [] };
let peakMb = 0;
for (let round = 0; round < rounds; round++) {
  outcomes.bare.push(await runContestant('bare', start, pages, LIMIT_MS));
  outcomes.service.push(await crawlByService());
  outcomes.crawlee.push(await runContestant('crawlee', start, pages, LIMIT_MS));
}

const rates = Object.fromEntries(
  Object.entries(outcomes).map(([name, all]) => [
    name,
    quantile(
      all.map((o) => o.pages / o.seconds),
      0.5,
    ),
  ]),
);
for (const [name, all] of Object.entries(outcomes)) {
  const each = all.map((o) => (o.pages / o.seconds).toFixed(0)).join(', ');
  report(`${name}: ${all[0]!.pages} pages, a second (rounds: ${each})`, `${rates[name]!.toFixed(0)}/s`);
}
const toCrawlee = rates['service']! / rates['crawlee']!;
const toBare = rates['service']! / rates['bare']!;
report('service to crawlee', toCrawlee.toFixed(2), { text: '≥ 1.5', met: toCrawlee >= 1.5 });
report('service to bare', toBare.toFixed(2), { text: '≥ 0.7', met: toBare >= 0.7 });
report("the service's resident set at most", `${peakMb.toFixed(0)} MB`);

async function crawlByService(): Promise<Outcome> {
  await using service = await startService();
  using memory = watchMemory(service.pid);
  const { job_id } = await service.call('POST', '/v1/crawl', {
    url: start,
    max_pages: pages,
    include_paths: ['*.html$'],
  });
  const job = await service.finished(job_id, LIMIT_MS);
  peakMb = Math.max(peakMb, memory.peakMiB);
  const milliseconds = Date.parse(job.finished_at) - Date.parse(job.created_at);
  return { pages: job.succeeded, seconds: milliseconds / 1000, peakMb: memory.peakMiB };
}
