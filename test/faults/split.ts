import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAuthority } from '../support/net/certificates.ts';
import { auditTransitions } from './checks/audit.ts';
import { startProcess, type ServiceProcess } from '../support/process.ts';
import { quantile } from '../support/measure/quantile.ts';
import { isClean, judge } from './checks/checker.ts';
import { Client } from './rig/client.ts';
import { Ledger, readLedger } from './checks/ledger.ts';
import { sendLoad } from './load.ts';
import { makeMachines } from './rig/namespaces.ts';
import { startPostgres, type CrashablePostgres } from './rig/postgres.ts';
import { createRandom, type Random } from './random.ts';
import { startRecordingReceiver } from './rig/receiver.ts';
import { startSlowSite } from './rig/site.ts';
import { drained } from './rig/rig.ts';
import { TcpProxy } from './rig/tcp-proxy.ts';

/**
 * The roles on machines of their own: `node test/faults/split.ts`. Two web, two worker and two
 * dispatcher processes, each in a network namespace (as root; otherwise all on loopback, and it
 * says why), share one Postgres. Under load one of each is killed and not replaced. Prints rates
 * and latencies, and ends with 1 where anything is lost. Takes about a minute and a half.
 */
const STEADY_MS = 15_000;
const BETWEEN_KILLS_MS = 5000;
/** Each lane sends jobs, waits until they are delivered, and sends the next. */
const LANES_PER_WEB = 4;
const ROLES = ['web', 'worker', 'dispatcher'] as const;

interface Part {
  role: (typeof ROLES)[number];
  address: string;
  service: ServiceProcess;
}

async function main(root: string): Promise<boolean> {
  await using stack = new AsyncDisposableStack();
  const machines = makeMachines();
  const home = 'refused' in machines ? '127.0.0.1' : stack.use(machines).home;
  const network = 'refused' in machines ? '127.0.0.0/8' : machines.network;
  if ('refused' in machines) console.log(`without network namespaces, all on loopback: ${machines.refused}`);

  const authority = await createAuthority();
  await writeFile(join(root, 'ca.pem'), authority.ca);
  const ledger = new Ledger(join(root, 'ledger.jsonl'));
  stack.defer(() => ledger.close());
  const postgres = stack.use(await startPostgres(join(root, 'database')));
  const receiver = stack.use(await startRecordingReceiver(await authority.issue([home]), ledger));
  const site = stack.use(await startSlowSite());
  /** Makes a loopback port reachable from the machines. */
  const reachable = async (port: number) => {
    const proxy = stack.use(new TcpProxy(port, home));
    await proxy.start();
    return proxy.port;
  };
  const databaseUrl = new URL(postgres.url);
  databaseUrl.hostname = home;
  databaseUrl.port = String(await reachable(postgres.port));
  const siteOrigin = `http://${home}:${await reachable(Number(new URL(site.url('/')).port))}`;
  const hookOrigin = `https://${home}:${await reachable(receiver.port)}`;

  const key = `ok_test_${randomBytes(12).toString('hex')}`;
  const env = {
    DATABASE_URL: databaseUrl.href,
    LOG_LEVEL: 'debug',
    OLLAGRAPH_API_KEY: key,
    FREE_CREDITS: '10000000',
    RATE_LIMIT_PER_MINUTE: '0',
    ALLOW_PRIVATE_TARGETS: network,
    ALLOW_PRIVATE_WEBHOOKS: network,
    WORKER_THREADS: '1',
    HOST_CONCURRENCY: '16',
    WEBHOOK_RETRY_SCHEDULE: '1,1,1,2,2,3,3,5,5,5,5,10',
    NODE_EXTRA_CA_CERTS: join(root, 'ca.pem'),
  };
  const start = async (role: Part['role'], n: number): Promise<Part> => {
    const { address, within } = 'refused' in machines ? { address: home, within: [] } : machines.add();
    const logFile = join(root, `${role}-${n}.log`);
    const service = stack.use(startProcess({ ...env, ROLES: role }, { logFile, within }));
    await service.ready();
    return { role, address, service };
  };
  // The first one migrates; the others start side by side.
  const parts = [await start('web', 1)];
  await auditTransitions(postgres);
  const others = [start('web', 2), ...ROLES.slice(1).flatMap((role) => [start(role, 1), start(role, 2)])];
  parts.push(...(await Promise.all(others)));
  const where = parts.map(({ role, address, service }) => `${role} ${address} (${service.pid})`).join(', ');
  console.log(`up: ${where}`);

  const clients = parts.filter(({ role }) => role === 'web').map((part) => clientOf(part, key, ledger));
  const { json: me } = await clients[0]!.insist('GET', '/v1/me');
  receiver.secrets.add(me.webhook_secret);

  const random = createRandom(Date.now());
  const places = { page: (path: string) => siteOrigin + path, hook: (path: string) => hookOrigin + path };
  const load = new AbortController();
  const lane = async (client: Client, name: string) => {
    for (let n = 0; !load.signal.aborted; n++)
      await drained(postgres, await sendLoad(client, places, random, `${name}-${n}`));
  };
  const begun = Date.now();
  const lanes = clients.flatMap((client, web) =>
    Array.from({ length: LANES_PER_WEB }, (_, n) => lane(client, `${web}-${n}`)),
  );
  await sleep(STEADY_MS);
  const firstKill = Date.now();
  for (const role of ROLES) {
    kill(parts, role, random, clients);
    await sleep(BETWEEN_KILLS_MS);
  }
  load.abort();
  await Promise.all(lanes);
  const loadEnded = Date.now();
  const drainMs = await drained(postgres);
  console.log(
    `load for ${seconds(loadEnded - begun)} s, then everything was done within ${seconds(drainMs)} s`,
  );

  await report('steady', postgres, ledger.path, begun, firstKill);
  await report('with the kills', postgres, ledger.path, firstKill, loadEnded + drainMs);
  const verdict = await judge(postgres, ledger.path);
  console.log(JSON.stringify(verdict));
  return isClean(verdict);
}

function clientOf({ address, service }: Part, key: string, ledger: Ledger): Client {
  const client = new Client(service.port ?? 0, key, ledger);
  client.host = address;
  return client;
}

/** Kills one process of the role. Its clients switch to the other, as behind a router. */
function kill(parts: Part[], role: Part['role'], random: Random, clients: Client[]): void {
  const [dead, left] =
    random.pick([0, 1]) === 0
      ? parts.filter((p) => p.role === role)
      : parts.filter((p) => p.role === role).toReversed();
  dead!.service.kill('SIGKILL');
  console.log(`killed ${role} ${dead!.address} (${dead!.service.pid})`);
  if (role !== 'web') return;
  for (const client of clients) [client.host, client.port] = [left!.address, left!.service.port ?? 0];
}

/** Prints rates and latencies between two times. */
async function report(
  name: string,
  postgres: CrashablePostgres,
  ledgerPath: string,
  from: number,
  to: number,
): Promise<void> {
  const between = [new Date(from), new Date(to)];
  const [counts] = await postgres.query(
    `select (select count(*) from jobs where created_at between $1 and $2) as jobs,
      (select count(*) from pages where settled_at between $1 and $2) as pages,
      (select count(*) from deliveries where created_at between $1 and $2) as deliveries`,
    between,
  );
  const jobs = await postgres.query(
    `select extract(epoch from finished_at - created_at) * 1000 as ms from jobs where created_at between $1 and $2`,
    between,
  );
  const deliveries = await postgres.query(
    `select id, extract(epoch from created_at) * 1000 as at from deliveries where created_at between $1 and $2`,
    between,
  );
  const arrived = new Map<string, number>();
  for (const entry of readLedger(ledgerPath))
    if (entry.type === 'seen' && !arrived.has(entry.delivery)) arrived.set(entry.delivery, entry.at);
  const rate = (count: string) => `${(Number(count) / ((to - from) / 1000)).toFixed(1)}/s`;
  console.log(
    `${name}: jobs ${rate(counts.jobs)}, pages ${rate(counts.pages)}, callbacks ${rate(counts.deliveries)}`,
  );
  console.log(`  a job, from its creation to its end: ${quantiles(jobs.map((row) => Number(row.ms)))}`);
  const latencies = deliveries.map((row) => Math.max(0, arrived.get(row.id)! - Number(row.at)));
  console.log(`  a callback, from the commit to its arrival: ${quantiles(latencies)}`);
}

function quantiles(ms: number[]): string {
  const [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1].map((q) => Math.round(quantile(ms, q)));
  return `p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms, longest ${max} ms`;
}

const seconds = (ms: number) => (ms / 1000).toFixed(1);

const root = await mkdtemp(join(tmpdir(), 'ollagraph-split-'));
// Open to the system user that runs Postgres where we are root.
await chmod(root, 0o755);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
if (await main(root)) await rm(root, { recursive: true, force: true });
else {
  console.log(`Not all is well. The ledger and the logs are in ${root}`);
  process.exitCode = 1;
}
