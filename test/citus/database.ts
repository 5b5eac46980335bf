import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { openDatabase } from '../../src/database/connect/connection.ts';
import { migrate } from '../../src/database/migrate.ts';
import { query } from './cluster.ts';

const COMMANDS = readFileSync(new URL('../../db/citus.sql', import.meta.url), 'utf8')
  // For psql alone.
  .replace(/^\\.*$/m, '');

export interface CitusDatabase extends AsyncDisposable {
  url: string;
  /** The URLs of the same database on the workers. */
  workers: string[];
}

/**
 * Makes a migrated database whose tables are distributed, on all nodes of the cluster that
 * `citusUrl` leads to: a superuser's URL of a database on the coordinator that knows the nodes.
 * Disposing drops it.
 */
export async function createCitusDatabase(citusUrl: string): Promise<CitusDatabase> {
  await using stack = new AsyncDisposableStack();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const nodes: { host: string; port: number; groupid: number }[] = await query(
    citusUrl,
    'select nodename as host, nodeport as port, groupid from pg_dist_node order by groupid',
  );
  const urls: string[] = [];
  for (const node of nodes) {
    const admin = node.groupid === 0 ? new URL(citusUrl) : at(citusUrl, node);
    await query(admin.href, `create database ${name} template template0`);
    stack.defer(async () => void (await query(admin.href, `drop database if exists ${name} with (force)`)));
    const address = new URL(admin);
    address.pathname = name;
    await query(address.href, 'create extension citus');
    urls.push(address.href);
  }
  const [url, ...workers] = urls as [string, ...string[]];
  for (const { host, port, groupid } of nodes)
    await query(
      url,
      groupid === 0 ? 'select citus_set_coordinator_host($1, $2)' : 'select citus_add_node($1, $2)',
      [host, port],
    );
  await distribute(url);
  const owned = stack.move();
  return { url, workers, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Migrates a database and distributes its tables, as an operator does. */
export async function distribute(url: string): Promise<void> {
  await using database = openDatabase(url, {
    max: 2,
    onError: (error) => console.error(error),
    queryTimeoutMs: 0,
  });
  await migrate(database);
  await query(url, COMMANDS);
}

function at(citusUrl: string, { host, port }: { host: string; port: number }): URL {
  const address = new URL(citusUrl);
  address.hostname = host;
  address.port = String(port);
  return address;
}
