import { platform, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { PgBoss } from 'pg-boss';
import type { Config } from '../../config.ts';
import { armCrashPoint } from '../../crash-point.ts';
import { createRobotsCache } from '../../crawl/robots-cache.ts';
import { openDatabase } from '../../database/connection.ts';
import { createEgress } from '../../egress/index.ts';
import { createLog } from '../../log.ts';
import { executor, QUEUE_OPTIONS, type Lane } from '../../database/queue.ts';
import { extract } from '../../scrape/extract.ts';
import type { ExtractOptions, Extraction, RawPage } from '../../scrape/types.ts';
import { flushSpans } from '../../tracing.ts';
import { Bodies } from '../limits/body-memory.ts';
import { fetchRobots } from '../hosts/robots.ts';
import { HostGate } from '../hosts/gate.ts';
import { Load } from '../limits/load.ts';
import { WorkReader } from '../queue/open-work.ts';
import { ReadingSign, type PageIdentity } from './current-page.ts';
import { RestingHosts } from '../hosts/rest.ts';
import { Runner } from '../queue/runner.ts';
import { SharedBudget } from '../limits/shared-budget.ts';

/** What the main thread hands a worker thread at its start. */
export interface ThreadData {
  config: Config;
  databaseUrl: string;
  lane: Lane;
  index: number;
  gateMemory: SharedArrayBuffer;
  /** Of the SharedBudgets of its lane. */
  bodiesMemory: SharedArrayBuffer;
  turnMemory: SharedArrayBuffer;
  signMemory: SharedArrayBuffer;
}

export type ToThread =
  { type: 'wake' } | { type: 'cancel'; job_id: string } | { type: 'stop'; graceMs: number };
export type FromThread = { type: 'ready' } | { type: 'held'; slices: HeldSlice[] };

/** A slice of the queue and the attempt with which it was fetched. */
export interface HeldSlice {
  id: string;
  retryCount: number;
}

const CONNECTIONS = 2;
/** Of bulk threads: where cores are short they give way to the API, the dispatcher and the interactive lane. */
const BULK_NICENESS = 10;
const ROBOTS_TTL_MS = 24 * 3600_000;
/** For the bodies of a lane that are not small: four of the largest. */
const BODIES_BYTES = 40 * 1024 * 1024;
/** A page of this size can make a tree of tens of megabytes: of those a lane reads one at a time. */
const HEAVY_BYTES = 256 * 1024;

const { config, databaseUrl, lane, index, gateMemory, bodiesMemory, turnMemory, signMemory } =
  workerData as ThreadData;
armCrashPoint(config.crashPoint);
// On Linux 0 is the calling thread; elsewhere it is the whole process.
if (lane === 'bulk' && platform() === 'linux') setPriority(0, BULK_NICENESS);
const port = parentPort!;
const tell = (message: FromThread) => port.postMessage(message);
const log = createLog(config.logLevel).child({ lane, thread: index });
const { db, pool } = openDatabase(databaseUrl, CONNECTIONS, (error) =>
  log.warn({ err: error }, 'a database connection broke'),
);
const boss = new PgBoss({
  db: executor(pool),
  migrate: false,
  supervise: false,
  ...QUEUE_OPTIONS,
  registerInstance: false,
});
boss.on('error', (error) => log.warn({ err: error }, 'the queue reported an error'));
const egress = createEgress({
  allowTargets: config.allowPrivateTargets,
  allowWebhooks: [],
  dnsServers: config.dnsServers,
  connectionsPerOrigin: { pages: config.hostConcurrency, webhooks: 1 },
});
const robots = createRobotsCache({
  ttlMs: ROBOTS_TTL_MS,
  maxEntries: 2000,
  fetch: (url) => fetchRobots(egress, url),
});

const load = new Load();
const sign = new ReadingSign(signMemory);
let reading: Promise<unknown> = Promise.resolve();

const heavyTurn = new SharedBudget(turnMemory, index, 1);

/** One at a time, so that the main thread knows which page holds up this thread. */
async function watched<T>(identity: PageIdentity, work: () => Promise<T>): Promise<T> {
  const mine = reading.then(async () => {
    await load.untilReadable();
    sign.begin(identity);
    try {
      return await work();
    } finally {
      sign.end();
    }
  });
  reading = mine.catch(() => undefined); // its own caller hears of it
  return await mine;
}

async function extractWatched(
  page: RawPage,
  options: ExtractOptions,
  identity: PageIdentity,
): Promise<Extraction> {
  const turn = page.body.length < HEAVY_BYTES ? 0 : await heavyTurn.take(1);
  try {
    return await watched(identity, async () => await extract(page, options));
  } finally {
    heavyTurn.release(turn);
  }
}

await boss.start();
const worker = {
  db,
  egress,
  gate: new HostGate(gateMemory, lane, index, config.hostConcurrency),
  load,
  resting: new RestingHosts(),
  bodies: new Bodies(new SharedBudget(bodiesMemory, index, BODIES_BYTES)),
  robots,
  log,
  extract: extractWatched,
};
const runner = new Runner({ db, boss, lane, work: new WorkReader(db), worker }, log, (held) => {
  tell({ type: 'held', slices: held.map(({ id, retryCount }) => ({ id, retryCount })) });
});

port.on('message', (message: ToThread) => {
  if (message.type === 'wake') runner.wake();
  else if (message.type === 'cancel') runner.cancel(message.job_id);
  else runner.stop(message.graceMs);
});
tell({ type: 'ready' });
await runner.run();
await boss.stop({ close: false, graceful: false });
await flushSpans();
await egress.close();
// Not db.destroy(): Kysely leaves a pool open that only the queue has used.
await pool.end();
port.close();
