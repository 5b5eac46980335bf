import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { pino } from 'pino';
import { startEmbedded } from '../../../src/database/embedded/server.ts';

/**
 * A durable Postgres that can be crashed, and a connection to it that avoids the network under
 * test.
 */
export interface CrashablePostgres extends AsyncDisposable {
  url: string;
  port: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- whatever was asked for
  query: (text: string, values?: unknown[]) => Promise<any[]>;
  /**
   * Does what `pg_ctl restart -m immediate` does: no checkpoint, sessions dropped, recovery. The
   * port changes.
   */
  crashAndRestart(): Promise<void>;
  /** Fills its file system for `ms`. Afterwards Postgres runs, possibly on a new port. */
  fillDiskFor(ms: number): Promise<void>;
  /** What it has logged. */
  log(): string;
}

export async function startPostgres(directory: string): Promise<CrashablePostgres> {
  const log = pino({ level: 'silent' });
  let running = await startEmbedded(directory, log);
  let pool = openPool(running.url);

  const pidFile = join(directory, 'postgres/postmaster.pid');
  const pidOf = () => Number(readFileSync(pidFile, 'utf8').split('\n')[0]);

  /** Returns its process id. */
  function quit(): number {
    const pid = pidOf();
    process.kill(pid, 'SIGQUIT');
    return pid;
  }

  async function startAgain(): Promise<void> {
    running = await startEmbedded(directory, log);
    pool = openPool(running.url);
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
      await startAgain();
    },
    log: () => readFileSync(join(directory, 'postgres.log'), 'utf8'),
    async fillDiskFor(ms) {
      const ballast = join(directory, 'ballast');
      fill(ballast);
      await sleep(ms);
      rmSync(ballast);
      if (existsSync(pidFile) && existsSync(`/proc/${pidOf()}`)) return;
      await pool.end();
      await startAgain();
    },
    async [Symbol.asyncDispose]() {
      process.off('exit', quit);
      await pool.end();
      await running.close();
    },
  };
}

/** Writes until the disk is full. */
function fill(file: string): void {
  const fd = openSync(file, 'w');
  try {
    for (const size of [1 << 20, 1 << 12]) {
      const chunk = Buffer.alloc(size, 1);
      try {
        for (;;) writeSync(fd, chunk);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(fd);
  }
}

function openPool(connectionString: string): pg.Pool {
  const pool = new pg.Pool({ connectionString, max: 2, application_name: 'faults' });
  pool.on('error', () => {}); // an idle connection; the next query opens another
  return pool;
}
