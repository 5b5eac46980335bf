import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../log.ts';
import { clientOptions, DatabaseClient } from './client.ts';
import { isUnavailable } from './trouble.ts';

const PROBE_MS = 1000;
const PROBE_LIMIT_MS = 2000;
const REMIND_MS = 60_000;

/**
 * Stands for the many errors that a process has while its database is away: one line when it goes,
 * one per minute, and one when it is back. Errors of broken connections while the database answers
 * are logged at most once per minute.
 */
export class DatabaseOutage {
  #watched: { url: string; log: Log } | null = null;
  #probing = false;
  #suppressed = 0;
  #loggedAt = -Infinity;

  /** Reports to this log from now on. */
  watch(url: string, log: Log): void {
    this.#watched = { url, log };
  }

  unwatch(): void {
    this.#watched = null;
  }

  /**
   * Takes an error that would be logged. True where it means that the database is away: then it is
   * not to be logged.
   */
  readonly takes = (error: unknown): boolean => {
    if (this.#watched === null || !isUnavailable(error)) return false;
    this.#suppressed++;
    if (!this.#probing) {
      this.#probing = true;
      void this.#report(error as Error).finally(() => (this.#probing = false));
    }
    return true;
  };

  async #report(first: Error): Promise<void> {
    const { code, message } = first as NodeJS.ErrnoException;
    const cause = { code, reason: message };
    const goneAt = performance.now();
    if (await this.#answers()) {
      if (goneAt - this.#loggedAt < REMIND_MS) return;
      this.#loggedAt = goneAt;
      this.#watched?.log.warn(cause, 'database connection broke; the database answers');
      return;
    }
    this.#watched?.log.warn(cause, 'database is away');
    for (let remindAt = goneAt + REMIND_MS; this.#watched && !(await this.#answers());) {
      if (performance.now() >= remindAt) {
        remindAt += REMIND_MS;
        this.#watched?.log.warn(this.#counts(goneAt), 'database is still away');
      }
      await sleep(PROBE_MS, undefined, { ref: false });
    }
    this.#watched?.log.info(this.#counts(goneAt), 'database is back');
    this.#suppressed = 0;
  }

  #counts(goneAt: number) {
    return { seconds: Math.round((performance.now() - goneAt) / 1000), errors: this.#suppressed };
  }

  /** Whether the database takes connections and writes. */
  async #answers(): Promise<boolean> {
    if (!this.#watched) return true;
    const limits = { connectionTimeoutMillis: PROBE_LIMIT_MS, query_timeout: PROBE_LIMIT_MS };
    const client = new DatabaseClient({ ...clientOptions(this.#watched.url), ...limits });
    client.on('error', () => {}); // its query rejects as well
    try {
      await client.connect();
      const { rows } = await client.query<{ writable: boolean }>(
        'select not pg_is_in_recovery() as writable',
      );
      return rows[0]!.writable;
    } catch {
      return false;
    } finally {
      void client.end().catch(() => undefined); // it may never have been connected
    }
  }
}
