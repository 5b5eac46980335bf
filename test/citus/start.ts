import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCluster } from './cluster.ts';

/**
 * Starts a Citus cluster for tests, prints its URL and keeps it until it is interrupted:
 * `node test/citus/start.ts /usr/lib/postgresql/15/bin 2` (two workers).
 */
const [bin = '/usr/lib/postgresql/15/bin', workers = '2'] = process.argv.slice(2);
const directory = await mkdtemp(join(tmpdir(), 'ollagraph-citus-'));
// Open to the system user that runs Postgres where we are root.
await chmod(directory, 0o755);
const cluster = await startCluster(directory, { bin, workers: Number(workers) });
console.log(`CITUS_URL=${cluster.coordinator.url}`);
for (const { port, pid } of [cluster.coordinator, ...cluster.workers])
  console.log(`port ${port}, pid ${pid}`);
const ended = Promise.withResolvers<void>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ended.resolve());
const alive = setInterval(() => undefined, 60_000);
await ended.promise;
clearInterval(alive);
await cluster[Symbol.asyncDispose]();
await rm(directory, { recursive: true, force: true });
