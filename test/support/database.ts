import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { openDatabase, type Database } from '../../src/database/connect/connection.ts';
import { atEnd } from '../runner/at-end.ts';
import { testRun } from './environment.ts';

export interface TestDatabase extends Database, AsyncDisposable {
  url: string;
}

/** Clones the run's migrated template into a new database. Disposing drops it. */
export async function createTestDatabase({ empty = false }: { empty?: boolean } = {}): Promise<TestDatabase> {
  const { databaseUrl, template } = testRun();
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await administer(
    databaseUrl,
    `create database ${name} template ${empty ? 'template0' : template} strategy file_copy`,
  );
  const address = new URL(databaseUrl);
  address.pathname = name;
  let dropping = false;
  const database = openDatabase(address.href, {
    max: 4,
    onError: (error) => {
      // A pool ends before its last connection does.
      if (!dropping) throw error;
    },
  });
  return {
    ...database,
    url: address.href,
    async [Symbol.asyncDispose]() {
      dropping = true;
      await database[Symbol.asyncDispose]();
      await administer(databaseUrl, `drop database ${name} with (force)`);
    },
  };
}

let administrator: Promise<pg.Client> | undefined;

/** Runs a statement on the one connection that a process keeps for this. */
async function administer(url: string, text: string): Promise<void> {
  const client = await (administrator ??= connect(url));
  await client.query(text);
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return atEnd.adopt(client, () => client.end());
}
