import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
// oxlint-disable-next-line no-restricted-imports -- it listens, and connects to nothing
import { createServer, type AddressInfo } from 'node:net';
import { platform } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DatabaseClient, clientOptions } from '../connect/client.ts';
import { alive } from './alive.ts';
import type { Cluster } from './cluster.ts';

const READY_MS = 60_000;
const STOP_MS = 10_000;
/** How long a server may take to answer. */
const ANSWER_MS = 2000;

/** Parameters of Postgres by name. */
export type Settings = Record<string, string>;

/**
 * Frugal enough for a small machine. Durability keeps Postgres's defaults (fsync and
 * synchronous_commit on).
 */
const SETTINGS: Settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '60',
  shared_buffers: '128MB',
  max_wal_size: '2GB',
  autovacuum_naptime: '10s',
  log_min_messages: 'warning',
};

/**
 * Starts a server on the cluster, in a session of its own: Ctrl-C in a terminal must reach only us,
 * who stop it last. `settings` go before ours. Its environment holds none of our variables, since
 * SQL can read the server's environment. Returns its pid.
 */
export async function launch(
  cluster: Cluster,
  bin: string,
  { port, settings: given }: { port: number; settings: Settings },
): Promise<number> {
  const log = openSync(join(cluster.home, 'postgres.log'), 'a', 0o600);
  const settings = Object.entries({ ...SETTINGS, ...given, port: String(port) }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  const child = spawn(join(bin, 'postgres'), ['-D', cluster.directory, ...settings], {
    ...cluster.owner,
    cwd: cluster.home,
    env: {},
    detached: platform() !== 'win32',
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  await new Promise((started, failed) => child.once('spawn', started).once('error', failed));
  return child.pid!;
}

/** Waits until the server answers. False when it ended instead. */
export async function becomesReady(url: string, pid: number): Promise<boolean> {
  for (let waited = 0; waited < READY_MS; waited += 50) {
    if ((await refusalOf(url)) === null) return true;
    if (!alive(pid)) return false;
    await sleep(50);
  }
  return false;
}

/** Why the server takes no connection; null when it does. */
export async function refusalOf(url: string): Promise<string | null> {
  const limits = { connectionTimeoutMillis: ANSWER_MS, query_timeout: ANSWER_MS };
  const client = new DatabaseClient({ ...clientOptions(url), ...limits });
  client.on('error', () => undefined); // the query below reports it
  try {
    await client.connect();
    await client.query('select 1');
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await client.end().catch(() => undefined); // never connected
  }
}

/** Fast shutdown (SIGINT): open transactions are rolled back, a checkpoint is written. */
export async function stop(pid: number): Promise<void> {
  if (!alive(pid)) return;
  process.kill(pid, 'SIGINT');
  for (let waited = 0; waited < STOP_MS && alive(pid); waited += 20) await sleep(20);
}

/** A port of the loopback interface that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening, failed) =>
    server.once('error', failed).listen(0, '127.0.0.1', listening),
  );
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
