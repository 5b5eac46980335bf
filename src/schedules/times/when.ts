import { Cron } from './cron.ts';
import { timeZone } from './time-zone.ts';

/** When a schedule runs: by a cron expression or at an interval in seconds, until a last moment. */
export interface Timing {
  cron: string | null;
  every_seconds: number | null;
  /** IANA. Cron expressions are in its wall-clock time. */
  timezone: string;
  until: Date | null;
}

/** How many times to look at for the shortest interval. */
const SAMPLE = 5;

/** What is wrong with a cron expression; null where it can be used in the time zone. */
export function cronFault(expression: string, timezone: string, minSeconds: number): string | null {
  try {
    const cron = new Cron(expression, timezone);
    let last = cron.next(new Date());
    for (let n = 0; n < SAMPLE; n++) {
      const next = cron.next(last);
      if (next.getTime() - last.getTime() < minSeconds * 1000)
        return `must not run more often than every ${minSeconds} s`;
      last = next;
    }
    return null;
  } catch {
    return 'must be five fields like 0 6 * * 1-5, and a time that comes';
  }
}

/** Whether this is the name of a time zone. */
export function isTimezone(name: string): boolean {
  try {
    return /^[A-Za-z]/.test(name) && timeZone(name) !== null;
  } catch {
    return false;
  }
}

/**
 * The first time after `now` at which a schedule runs; null where it does not run again. `due`: a
 * time at which it ran or was to run, from which intervals are counted.
 */
export function nextRun(timing: Timing, due: Date, now: Date): Date | null {
  const { cron, every_seconds, timezone, until } = timing;
  const next = cron === null ? nextInterval(every_seconds!, due, now) : new Cron(cron, timezone).next(now);
  return until !== null && next > until ? null : next;
}

function nextInterval(seconds: number, due: Date, now: Date): Date {
  const ms = seconds * 1000;
  const passed = Math.max(0, Math.floor((now.getTime() - due.getTime()) / ms));
  return new Date(due.getTime() + (passed + 1) * ms);
}
