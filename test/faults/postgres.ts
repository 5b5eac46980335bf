import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { pino } from 'pino';
import { startEmbedded } from '../../src/embedded.ts';

/** A durable Postgres that can be crashed, and a way to ask it that does not lead through the network under test. */
export interface CrashablePostgres extends AsyncDisposable {
  url: string;
  port: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever was asked for
  query: (text: string, values?: unknown[]) => Promise<any[]>;
  /** What `pg_ctl restart -m immediate` does: no checkpoint, sessions are dropped, recovery at the start. It has a new port. */
  crashAndRestart(): Promise<void>;
}

export async function startPostgres(directory: string): Promise<CrashablePostgres> {
  const log = pino({ level: 'silent' });
  let running = await startEmbedded(directory, log);
  let pool = openPool(running.url);

  /** Returns its process id. */
  function quit(): number {
    const pid = Number(readFileSync(join(directory, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
    process.kill(pid, 'SIGQUIT');
    return pid;
  }
  process.once('exit', quit);

  return {
    get url() {
      return running.url;
    },
    get port() {
      return Number(new URL(running.url).port);
    },
    query: async (text, values) => (await pool.query(text, values)).rows,
    async crashAndRestart() {
      await pool.end();
      const pid = quit();
      while (existsSync(`/proc/${pid}`)) await sleep(20);
      running = await startEmbedded(directory, log);
      pool = openPool(running.url);
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', quit);
      await pool.end();
      await running.close();
    },
  };
}

function openPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 2, application_name: 'faults' });
  pool.on('error', () => {}); // it was idle, and the next query opens another
  return pool;
}
