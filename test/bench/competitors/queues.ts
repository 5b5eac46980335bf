// One competitor in a process of its own: node queues.ts NAME URL DATABASE_URL WARM_UP COUNT
// [REDIS_PORT]. All write one attempt row a
// message, as the dispatcher does. Tells its parent {seconds} from the first WARM_UP
// of COUNT messages, all queued before, to the last.
import { Queue, Worker } from 'bullmq';
import { run as runGraphile, makeWorkerUtils } from 'graphile-worker';
import pg from 'pg';
import { PgBoss } from 'pg-boss';
import { createPoster } from '../deliveries/sign-and-post.ts';

const [name, url, databaseUrl, warmUpText, countText, redisPort] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string | undefined,
];
const [warmUp, count] = [Number(warmUpText), Number(countText)];
const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const text = JSON.stringify({ job_id: 'job_x', status: 'completed', result: 'x'.repeat(960) });
const poster = createPoster(64);
const pool = new pg.Pool({ connectionString: databaseUrl, max: 8 });
let done = 0;
let began = 0;
const { promise: finished, resolve: finish } = Promise.withResolvers<void>();

const attemptSql = `insert into bench_attempts (id, status, started_at, finished_at) select unnest($1::text[]), unnest($2::int[]), now(), now()`;
function arrived(n: number): void {
  done += n;
  if (began === 0 && done >= warmUp) began = performance.now();
  if (done >= count) finish();
}

async function recordAttempts(ids: string[], statuses: number[]): Promise<void> {
  await pool.query(attemptSql, [ids, statuses]);
  arrived(ids.length);
}
async function deliver(id: string, body: string): Promise<void> {
  await recordAttempts([id], [await poster.post(url, secret, id, Buffer.from(body))]);
}

interface Message {
  id: string;
  text: string;
}

async function onBoss(handle: (messages: Message[]) => Promise<void>): Promise<() => Promise<void>> {
  const boss = new PgBoss({ connectionString: databaseUrl, schema: 'bench_boss', max: 8 });
  boss.on('error', (error) => console.error(error));
  await boss.start();
  await boss.createQueue('deliveries', { partition: true });
  for (let i = 0; i < count; i += 1000) {
    const messages = Array.from({ length: Math.min(1000, count - i) }, (_, n) => ({
      data: { id: `m${i + n}`, text },
    }));
    await boss.insert('deliveries', messages);
  }
  return async () => {
    await boss.work<Message>(
      'deliveries',
      { batchSize: 100, localConcurrency: 3, pollingIntervalSeconds: 0.5, burstWhenBatchFull: true },
      async (jobs) => await handle(jobs.map((job) => job.data)),
    );
  };
}

/** Each prepares its backlog and returns what starts the work. */
const competitors: Record<string, () => Promise<() => Promise<void>>> = {
  /** The handler of the others, which pg-boss hands a hundred messages at a time. */
  'pg-boss': () =>
    onBoss(async (messages) => {
      await Promise.all(messages.map(({ id, text: body }) => deliver(id, body)));
    }),
  /** One that stores the attempts of its hundred messages with one statement. */
  'pg-boss, batched': () =>
    onBoss(async (messages) => {
      const posted = messages.map(({ id, text: body }) => poster.post(url, secret, id, Buffer.from(body)));
      await recordAttempts(
        messages.map(({ id }) => id),
        await Promise.all(posted),
      );
    }),
  async 'graphile-worker'() {
    const utils = await makeWorkerUtils({ connectionString: databaseUrl });
    await utils.migrate();
    for (let i = 0; i < count; i += 1000) {
      await utils.addJobs(
        Array.from({ length: Math.min(1000, count - i) }, (_, n) => ({
          identifier: 'deliver',
          payload: { id: `m${i + n}`, text },
        })),
      );
    }
    await utils.release();
    return async () => {
      await runGraphile({
        connectionString: databaseUrl,
        concurrency: 64,
        maxPoolSize: 12,
        pollInterval: 500,
        noHandleSignals: true,
        preset: { worker: { localQueue: { size: 500 }, completeJobBatchDelay: 5, failJobBatchDelay: 5 } },
        taskList: {
          deliver: async (payload) =>
            await deliver((payload as { id: string }).id, (payload as { text: string }).text),
        },
      });
    };
  },
  async bullmq() {
    const connection = { host: '127.0.0.1', port: Number(redisPort) };
    const queue = new Queue('deliveries', { connection, defaultJobOptions: { removeOnComplete: true } });
    for (let i = 0; i < count; i += 1000) {
      await queue.addBulk(
        Array.from({ length: Math.min(1000, count - i) }, (_, n) => ({
          name: 'deliver',
          data: { id: `m${i + n}`, text },
        })),
      );
    }
    return async () => {
      const worker = new Worker(
        'deliveries',
        async (job) => await deliver(job.data.id as string, job.data.text as string),
        {
          connection,
          concurrency: 128,
        },
      );
      worker.on('error', (error) => console.error(error));
    };
  },
};

await pool.query(
  'create table if not exists bench_attempts (id text, status int, started_at timestamptz, finished_at timestamptz)',
);
const start = await competitors[name]!();
process.send!({ type: 'prepared' });
await start();
await finished;
process.send!({ type: 'done', seconds: (performance.now() - began) / 1000 }, () => process.exit(0));
