import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { assertBooksBalance } from '../support/checks/ledger.ts';
import { quantile } from '../support/measure/quantile.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { startTestService, type TestService } from '../support/service.ts';
import { page, startSite } from '../support/site.ts';
import { eventually } from '../support/wait.ts';
import { startCluster, type Node } from './cluster.ts';
import { createCitusDatabase } from './database.ts';

/**
 * Two accounts on two workers of a cluster queue jobs with callbacks, while one worker is killed and
 * comes back: `CITUS_BIN=/usr/lib/postgresql/15/bin npm run test:citus`, with the folder of a Postgres's
 * programs that has Citus. Prints what became of the jobs of each account.
 */
const bin = process.env.CITUS_BIN;
const options = {
  skip: bin === undefined ? 'CITUS_BIN names no Postgres with Citus' : false,
  timeout: 600_000,
};
const PHASE_MS = 15_000;
const EVERY_MS = 250;
/** A job of the other account that is older than this has its callback, though a worker is away. */
const OTHERS_WAIT_MS = 10_000;
const PHASES = ['before', 'away', 'after'] as const;
type Phase = (typeof PHASES)[number];

interface Sent {
  id: string;
  phase: Phase;
  at: number;
}

interface Lane extends AsyncDisposable {
  name: string;
  api: TestService['api'];
  receiver: Receiver;
  acknowledged: Sent[];
  refused: Record<Phase, number>;
}

let phase: Phase = 'before';
const load = new AbortController();

test('while a worker is away its accounts wait, all others go on, and nothing is lost', options, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'ollagraph-citus-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  // Open to the system user that runs Postgres where we are root.
  await chmod(directory, 0o755);
  const cluster = stack.use(await startCluster(directory, { bin: bin!, workers: 2 }));
  const database = stack.use(await createCitusDatabase(cluster.coordinator.url));
  const service = stack.use(await startTestService({ DATABASE_URL: database.url, WORKER_THREADS: '2' }));
  const site = stack.use(await startSite({ '/': page('Home', 'Hello.') }));
  const [killed, other] = cluster.workers as [Node, Node];
  const lanes = [
    stack.use(await startLane(service, killed, 'on the worker that is killed')),
    stack.use(await startLane(service, other, 'on the other worker')),
  ] as const;
  const lanesEnd = Promise.all(lanes.map((lane) => send(lane, site.url('/'))));
  await sleep(PHASE_MS);
  await killed.kill();
  phase = 'away';
  await sleep(PHASE_MS);
  const [, beside] = lanes;
  await eventually(() => missing(beside).every((job) => Date.now() - job.at < OTHERS_WAIT_MS));
  await killed.start();
  const backAt = Date.now();
  phase = 'after';
  await sleep(PHASE_MS);
  load.abort();
  await lanesEnd;
  await eventually(() => lanes.every((lane) => missing(lane).length === 0), 180_000).catch(() => undefined);
  console.log(`all had arrived ${((Date.now() - backAt) / 1000).toFixed(1)} s after the worker was back`);
  for (const lane of lanes) report(lane);
  for (const lane of lanes) assert.deepEqual(missing(lane), [], `callbacks of the account ${lane.name}`);
  assert.equal(beside.refused.away, 0);
  await assertBooksBalance(service.db);
});

async function startLane(service: TestService, worker: Node, name: string): Promise<Lane> {
  const { api } = await accountOn(service, worker);
  const receiver = await startReceiver();
  const refused = { before: 0, away: 0, after: 0 };
  const end = () => receiver[Symbol.asyncDispose]();
  return { name, api, receiver, acknowledged: [], refused, [Symbol.asyncDispose]: end };
}

/** An account whose jobs are on this worker. */
async function accountOn(service: TestService, worker: Node) {
  for (;;) {
    const account = await service.createAccount({ credits: 100_000 });
    const { rows } = await sql<{ port: number }>`
      select nodeport as port from citus_shards
      where shardid = get_shard_id_for_distribution_column('jobs', ${account.id}::text)`.execute(service.db);
    if (rows[0]!.port === worker.port) return account;
  }
}

/** Queues a job every EVERY_MS, however long the one before takes to be answered. */
async function send(lane: Lane, url: string): Promise<void> {
  const asked: Promise<void>[] = [];
  while (!load.signal.aborted) {
    asked.push(queue(lane, url, phase));
    await sleep(EVERY_MS);
  }
  await Promise.all(asked);
}

async function queue(lane: Lane, url: string, now: Phase): Promise<void> {
  const at = Date.now();
  const { status, json } = await lane.api('POST', '/v1/scrape/async', {
    url,
    webhook_url: lane.receiver.url(),
  });
  if (status === 202) lane.acknowledged.push({ id: json.job_id, phase: now, at });
  else lane.refused[now]++;
}

/** How often the callback of each job came. */
function arrivals({ receiver }: Lane): Map<string, number> {
  const ids = receiver.callbacks.map(({ body }) => JSON.parse(body.toString()).job_id as string);
  return new Map([...Map.groupBy(ids, (id) => id)].map(([id, all]) => [id, all.length]));
}

function missing(lane: Lane): Sent[] {
  const seen = arrivals(lane);
  return lane.acknowledged.filter(({ id }) => !seen.has(id));
}

function report(lane: Lane): void {
  const seen = arrivals(lane);
  const firstAt = new Map(
    lane.receiver.callbacks.toReversed().map(({ body, at }) => [JSON.parse(body.toString()).job_id, at]),
  );
  console.log(`the account ${lane.name}:`);
  for (const name of PHASES) {
    const sent = lane.acknowledged.filter((job) => job.phase === name);
    const lost = sent.filter(({ id }) => !seen.has(id)).length;
    const twice = sent.filter(({ id }) => (seen.get(id) ?? 0) > 1).length;
    const waits = sent.flatMap(({ id, at }) => (firstAt.has(id) ? [firstAt.get(id)! - at] : []));
    const [p50, p95, most] = [0.5, 0.95, 1].map((q) =>
      waits.length > 0 ? Math.round(quantile(waits, q)) : '-',
    );
    console.log(
      `  ${name}: ${sent.length} jobs acknowledged, ${lane.refused[name]} refused; callbacks lost ${lost}, ` +
        `sent twice ${twice}; from the request to the callback p50 ${p50} ms, p95 ${p95} ms, longest ${most} ms`,
    );
  }
}
