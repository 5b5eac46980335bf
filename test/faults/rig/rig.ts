import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readCertificate } from '../../support/net/certificates.ts';
import { startProcess, type ServiceProcess } from '../../support/process.ts';
import { auditTransitions } from '../checks/audit.ts';
import { Client } from './client.ts';
import { Ledger } from '../checks/ledger.ts';
import type { Places } from '../load.ts';
import { startPostgres, type CrashablePostgres } from './postgres.ts';
import { startRecordingReceiver, type RecordingReceiver } from './receiver.ts';
import { startSlowSite } from './site.ts';
import { TcpProxy } from './tcp-proxy.ts';

const DRAIN_LIMIT_MS = 120_000;

export interface RigOptions {
  /** The size of the database's own disk. */
  diskMb?: number;
  /** Variables of the service. */
  variables?: Record<string, string>;
}

export interface FaultRig extends AsyncDisposable {
  postgres: CrashablePostgres;
  /** The networks between the service and its database, and between it and the receiver. */
  networks: { database: TcpProxy; receiver: TcpProxy };
  receiver: RecordingReceiver;
  ledger: Ledger;
  client: Client;
  places: Places;
  /** The folder of the service's temporary files. */
  temporary: string;
  /** The process that serves the client. */
  service: ServiceProcess;
  /** Starts a process that takes over the client. The one before goes on. */
  start(env?: Record<string, string>, nodeArguments?: string[]): Promise<ServiceProcess>;
  /**
   * Waits until these jobs (by default all) and their deliveries have ended. Returns the
   * milliseconds.
   */
  drained: (jobIds?: string[]) => Promise<number>;
}

/**
 * Everything that a campaign needs, in `directory`, which holds the certificates; one process of
 * the service is up. With `diskMb` the database has a file system of that size to itself (on Linux,
 * as root); `variables` are the service's.
 */
export async function startRig(
  directory: string,
  { diskMb, variables = {} }: RigOptions = {},
): Promise<FaultRig> {
  await using stack = new AsyncDisposableStack();
  if (diskMb !== undefined) stack.use(mountDisk(join(directory, 'database'), diskMb));
  const ledger = new Ledger(join(directory, 'ledger.jsonl'));
  stack.defer(() => ledger.close());
  const postgres = stack.use(await startPostgres(join(directory, 'database')));
  const receiver = stack.use(await startRecordingReceiver(await readCertificate(directory), ledger));
  const site = stack.use(await startSlowSite());
  const networks = {
    database: stack.use(new TcpProxy(postgres.port)),
    receiver: stack.use(new TcpProxy(receiver.port)),
  };
  await Promise.all([networks.database.start(), networks.receiver.start()]);
  const databaseUrl = new URL(postgres.url);
  databaseUrl.port = String(networks.database.port);

  const temporary = join(directory, 'tmp');
  mkdirSync(temporary);
  // Open to the system user that runs the browser where we are root.
  chmodSync(temporary, 0o1777);
  const key = `ok_test_${randomBytes(12).toString('hex')}`;
  const client = new Client(0, key, ledger);
  const processes: ServiceProcess[] = [];
  const killAll = () => processes.forEach((service) => service.kill('SIGKILL'));
  process.once('exit', killAll);
  stack.defer(async () => {
    process.off('exit', killAll);
    killAll();
    await Promise.all(processes.map((service) => service.exited));
  });

  async function start(
    env: Record<string, string> = {},
    nodeArguments: string[] = [],
  ): Promise<ServiceProcess> {
    const base = {
      DATABASE_URL: databaseUrl.href,
      LOG_LEVEL: 'debug',
      OLLAGRAPH_API_KEY: key,
      FREE_CREDITS: '1000000',
      RATE_LIMIT_PER_MINUTE: '0',
      ALLOW_PRIVATE_TARGETS: '127.0.0.0/8',
      ALLOW_PRIVATE_WEBHOOKS: '127.0.0.0/8',
      WORKER_THREADS: '1',
      HOST_CONCURRENCY: '16',
      WEBHOOK_TIMEOUT_MS: '5000',
      WEBHOOK_RETRY_SCHEDULE: '1,1,1,2,2,3,3,5,5,5,5,10',
      NODE_EXTRA_CA_CERTS: join(directory, 'ca.pem'),
      TMPDIR: temporary,
      ...variables,
    };
    const logFile = join(directory, 'service.log');
    const service = startProcess({ ...base, ...env }, { logFile, nodeArguments });
    processes.push(service);
    client.port = (await service.ready()) ?? 0;
    rig.service = service;
    return service;
  }

  const rig = {
    postgres,
    networks,
    receiver,
    ledger,
    client,
    places: {
      page: (path: string) => site.url(path),
      hook: (path: string) => `https://127.0.0.1:${networks.receiver.port}${path}`,
    },
    temporary,
    start,
    drained: (jobIds?: string[]) => drained(postgres, jobIds),
  } as FaultRig;
  await start();
  await auditTransitions(postgres);
  receiver.secrets.add((await client.insist('GET', '/v1/me')).json.webhook_secret);
  const owned = stack.move();
  rig[Symbol.asyncDispose] = () => owned.disposeAsync();
  return rig;
}

function mountDisk(folder: string, mb: number): Disposable {
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mb}m`, 'tmpfs', folder]);
  return { [Symbol.dispose]: () => void execFileSync('umount', ['--lazy', folder]) };
}

/**
 * Waits until these jobs (by default all) and their deliveries have ended. Returns the
 * milliseconds.
 */
export async function drained({ query }: CrashablePostgres, jobIds: string[] | null = null): Promise<number> {
  const start = performance.now();
  for (;;) {
    const [{ open }] = await query(
      `select (select count(*) from jobs where finished_at is null and ($1::text[] is null or id = any($1))) +
        (select count(*) from outbox where $1::text[] is null or job_id = any($1)) as open`,
      [jobIds],
    );
    if (Number(open) === 0) return performance.now() - start;
    if (performance.now() - start > DRAIN_LIMIT_MS) return Infinity;
    await sleep(100);
  }
}
