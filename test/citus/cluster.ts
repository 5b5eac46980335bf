import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { postgresUser } from '../../src/database/embedded/binaries.ts';
import { freePort } from '../../src/database/embedded/process.ts';
import { eventually } from '../support/wait.ts';

const run = promisify(execFile);
const USER = 'ollagraph';

/** What a node is started with, beside Postgres's defaults. */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_preload_libraries: 'citus',
  max_connections: '300',
  // A transaction over several machines is committed in two phases.
  max_prepared_transactions: '300',
  // For moving shards between nodes.
  wal_level: 'logical',
  'citus.shard_count': '8',
  'citus.node_connection_timeout': '5s',
  // How often the coordinator ends transactions that were prepared when a node died.
  'citus.recover_2pc_interval': '2s',
};

/** A Postgres server with Citus. */
export interface Node extends AsyncDisposable {
  url: string;
  port: number;
  /** The process id of the server. */
  pid: number;
  /** Ends all its processes at once, like a machine that is switched off. */
  kill(): Promise<void>;
  start(): Promise<void>;
}

export interface Cluster extends AsyncDisposable {
  coordinator: Node;
  workers: Node[];
}

interface ClusterOptions {
  /** The folder of a Postgres's programs that has Citus. */
  bin: string;
  workers: number;
}

/**
 * Starts a coordinator and workers on loopback ports that the system chooses, with their data in
 * `directory`, and makes them one cluster.
 */
export async function startCluster(directory: string, { bin, workers }: ClusterOptions): Promise<Cluster> {
  await using stack = new AsyncDisposableStack();
  const nodes: Node[] = [];
  for (let n = 0; n <= workers; n++) {
    const name = n === 0 ? 'coordinator' : `worker-${n}`;
    nodes.push(stack.use(await startNode(join(directory, name), bin)));
  }
  const [coordinator, ...others] = nodes as [Node, ...Node[]];
  await query(coordinator.url, `select citus_set_coordinator_host('127.0.0.1', ${coordinator.port})`);
  for (const { port } of others) await query(coordinator.url, `select citus_add_node('127.0.0.1', ${port})`);
  const owned = stack.move();
  return { coordinator, workers: others, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Starts a server with the extension that belongs to no cluster yet. */
export async function startNode(directory: string, bin: string): Promise<Node> {
  const owner = await postgresUser();
  await mkdir(directory, { recursive: true });
  if (owner.uid !== undefined) await chown(directory, owner.uid, owner.gid!);
  const data = join(directory, 'data');
  const initdb = ['-D', data, '-U', USER, '--auth=trust', '--encoding=UTF8', '--locale=C'];
  await run(join(bin, 'initdb'), initdb, { ...owner, cwd: directory });
  const port = await freePort();
  const url = `postgres://${USER}@127.0.0.1:${port}/postgres?sslmode=disable`;
  let server: ChildProcess | null = null;

  const start = async () => {
    const log = openSync(join(directory, 'log'), 'a');
    const settings = Object.entries({ ...SETTINGS, port: String(port) });
    const args = ['-D', data, ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])];
    const options = { ...owner, cwd: directory, env: {} };
    server = spawn(join(bin, 'postgres'), args, { ...options, stdio: ['ignore', log, log] });
    closeSync(log);
    await eventually(async () => (await query(url, 'select 1 as up')).length > 0);
  };
  const end = async (signal: NodeJS.Signals) => {
    if (server === null) return;
    const ended = once(server, 'exit');
    server.kill(signal);
    server = null;
    await ended;
  };
  await start();
  await query(url, 'create extension citus');
  return {
    url,
    port,
    get pid() {
      return server!.pid!;
    },
    start,
    // Its children end at once when they notice that their parent has gone, or are told to here.
    kill: () => end('SIGQUIT'),
    [Symbol.asyncDispose]: () => end('SIGINT'),
  };
}

/** Runs one statement on a connection of its own. */
export async function query(
  connectionString: string,
  text: string,
  values: unknown[] = [],
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever was asked for
): Promise<any[]> {
  const client = new pg.Client({ connectionString });
  client.on('error', () => undefined); // the query reports it
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}
