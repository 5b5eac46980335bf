import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { sql } from 'kysely';
import { createApi, type Api } from '../support/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startProcess, type ServiceProcess } from '../support/process.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { eventually } from '../support/wait.ts';
import { startChangingSite, type ChangingSite } from './origin.ts';

/**
 * Ticks two seconds apart, while the service is killed as by `kill -9`: a time has one run and one
 * job, a change has one delivery, and nothing else has any. `TICKS=200 node test/run.ts
 * test/schedules/ticks.test.ts` kills it at random, every twelve seconds or so.
 */
const TICKS = Number(process.env.TICKS ?? 5);
const RANDOM = process.env.TICKS !== undefined;
/**
 * Before a run is committed, in the transaction that ends one, and before its delivery is recorded.
 */
const CRASH_POINTS = ['job.create:2', 'job.finish:1', 'delivery.sent:1'];
const PAGES = 20;
const KEY = `ok_ticks_${'0123456789abcdef'.repeat(2)}`;
/** Between two acts of the campaign at random. */
const PAUSE_MS = 2000;
const PATIENCE_MS = 120_000;

interface Scene {
  database: TestDatabase;
  site: ChangingSite;
  receiver: Receiver;
  /** The versions of each page, by path: the last is what the site shows. */
  versions: Map<string, string[]>;
}

interface Run {
  run: number;
  status: string;
  job_id: string | null;
  due_at: Date;
  reported: boolean;
}

async function start(database: TestDatabase, crashPoint?: string): Promise<ServiceProcess> {
  const service = startProcess({
    DATABASE_URL: database.url,
    OLLAGRAPH_API_KEY: KEY,
    ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
    ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
    SCHEDULE_MIN_SECONDS: '1',
    RATE_LIMIT_PER_MINUTE: '0',
    FREE_CREDITS: '1000000',
    WORKER_THREADS: '1',
    WEBHOOK_RETRY_SCHEDULE: Array.from({ length: 12 }, () => 1).join(),
    ...(crashPoint === undefined ? {} : { CRASH_POINT: crashPoint }),
  });
  await service.ready();
  return service;
}

const apiOf = ({ port }: ServiceProcess): Api => createApi(`http://127.0.0.1:${port}`, KEY);

async function runsIn({ db }: TestDatabase): Promise<Run[]> {
  const { rows } = await sql<Run>`
    select run, status, job_id, due_at, reported from schedule_runs order by run`.execute(db);
  return rows;
}

/** The callbacks as a receiver knows them apart. */
function callbacksOf({ callbacks }: Receiver) {
  const bodies = callbacks.map(({ body }) => JSON.parse(body.toString()));
  return new Map(bodies.map((body) => [body.job_id as string, body]));
}

/** How often each version was reported: as `path version`. */
function reportedVersions(receiver: Receiver): Map<string, number> {
  const reported = new Map<string, number>();
  for (const { result } of callbacksOf(receiver).values())
    for (const { url, markdown } of result.pages) {
      const name = `${new URL(url).pathname} ${/version (\d+)/.exec(markdown)![1]}`;
      reported.set(name, (reported.get(name) ?? 0) + 1);
    }
  return reported;
}

/** Changes a page whose last change has been reported. */
function change({ site, receiver, versions }: Scene): void {
  const reported = reportedVersions(receiver);
  const settled = [...versions].filter(([path, all]) => reported.has(`${path} ${all.length}`));
  const [path, all] = settled[Math.floor(Math.random() * settled.length)] ?? [];
  if (path === undefined) return;
  all!.push(String(all!.length + 1));
  site.put(path, `It is version ${all!.length}.`);
}

/** Kills the service at certain points, and changes a page whenever a change has been reported. */
async function crashAtPoints(scene: Scene, first: ServiceProcess): Promise<ServiceProcess> {
  let service = first;
  for (const next of [...CRASH_POINTS.slice(1), undefined]) {
    await eventually(() => {
      change(scene);
      return !service.alive();
    }, PATIENCE_MS);
    service = await start(scene.database, next);
  }
  return service;
}

async function killAtRandom(scene: Scene, first: ServiceProcess): Promise<ServiceProcess> {
  let service = first;
  while ((await runsIn(scene.database)).length < TICKS) {
    await sleep(Math.random() * PAUSE_MS);
    if (Math.random() < 1 / 12) {
      service.kill('SIGKILL');
      await service.exited;
      service = await start(scene.database);
    } else if (Math.random() < 1 / 3) change(scene);
  }
  return service;
}

test(`${TICKS} ticks under kill -9`, { timeout: 60_000 + TICKS * 20_000 }, async (t) => {
  await using database = await createTestDatabase();
  await using receiver = await startReceiver();
  await using site = await startChangingSite({});
  const paths = Array.from({ length: PAGES }, (_, n) => `/${n}`);
  for (const path of paths) site.put(path, 'It is version 1.');
  const scene = { database, site, receiver, versions: new Map(paths.map((path) => [path, ['1']])) };
  let service = await start(database, RANDOM ? undefined : CRASH_POINTS[0]);
  const { status, text } = await apiOf(service)('POST', '/v1/schedules', {
    name: 'ticks',
    every_seconds: 2,
    deliver: 'changes',
    job: { kind: 'batch', urls: paths.map((path) => site.url(path)), webhook_url: receiver.url() },
  });
  assert.equal(status, 201, text);
  try {
    service = RANDOM ? await killAtRandom(scene, service) : await crashAtPoints(scene, service);
    await eventually(async () => (await runsIn(database)).length >= TICKS, PATIENCE_MS);
    await eventually(() => {
      const reported = reportedVersions(receiver);
      return [...scene.versions].every(([path, all]) => reported.has(`${path} ${all.length}`));
    }, PATIENCE_MS);
    const { json } = await apiOf(service)('GET', '/v1/schedules');
    await apiOf(service)('POST', `/v1/schedules/${json.data[0].schedule_id}/pause`);
    await eventually(async () => {
      const { rows } = await sql<{ open: number }>`
        select ((select count(*) from schedule_runs where status = 'running')
          + (select count(*) from outbox))::int as open`.execute(database.db);
      return rows[0]!.open === 0;
    }, PATIENCE_MS);
  } finally {
    await service[Symbol.asyncDispose]();
  }
  await assertOnce(scene);
  const { notModified, full } = site.counts;
  const share = ((100 * notModified) / (notModified + full)).toFixed(1);
  t.diagnostic(
    `${(await runsIn(database)).length} runs, ${receiver.callbacks.length} POSTs, 304: ${share} %`,
  );
});

async function assertOnce({ database, receiver, versions }: Scene): Promise<void> {
  const runs = await runsIn(database);
  assert.deepEqual(
    runs.map(({ run }) => run),
    runs.map((_, n) => n + 1),
  );
  assert.equal(new Set(runs.map(({ due_at }) => due_at.getTime())).size, runs.length, 'one run a tick');
  const { rows: jobs } = await sql<{ id: string; status: string }>`select id, status from jobs`.execute(
    database.db,
  );
  const ids = runs.flatMap(({ job_id }) => job_id ?? []);
  assert.deepEqual(jobs.map(({ id }) => id).toSorted(), ids.toSorted(), 'one job a run, and no other');
  assert.ok(jobs.every((job) => job.status === 'completed'));
  const { rows: delivered } = await sql<{ job_id: string }>`select job_id from deliveries`.execute(
    database.db,
  );
  const reporting = runs.flatMap(({ reported, job_id }) => (reported ? job_id! : []));
  assert.deepEqual(delivered.map(({ job_id }) => job_id).toSorted(), reporting.toSorted(), 'one delivery');
  assert.deepEqual([...callbacksOf(receiver).keys()].toSorted(), reporting.toSorted());
  const made = [...versions].flatMap(([path, all]) => all.map((version) => [`${path} ${version}`, 1]));
  assert.deepEqual(
    Object.fromEntries(reportedVersions(receiver)),
    Object.fromEntries(made),
    'each change once',
  );
}
