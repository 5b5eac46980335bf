import { LRUCache } from 'lru-cache';

/** A time zone's wall clock. All times are milliseconds since 1970. */
export class TimeZone {
  readonly #format: Intl.DateTimeFormat;

  /** Throws a RangeError for a name that no time zone has. */
  constructor(name: string) {
    const numeric = 'numeric';
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    });
  }

  /** What the wall clock shows at a time, as the time at which a clock in UTC would show it. */
  wallAt(time: number): number {
    const parts = this.#format.formatToParts(time).map(({ type, value }) => [type, Number(value)] as const);
    const { year, month, day, hour, minute, second } = Object.fromEntries(parts) as Record<string, number>;
    return Date.UTC(year!, month! - 1, day, hour, minute, second) + (time % 1000);
  }

  /** How far the wall clock is ahead of UTC. */
  offsetAt(time: number): number {
    return this.wallAt(time) - time;
  }
}

const known = new LRUCache<string, TimeZone>({ max: 100 });

/** The time zone of an IANA name. Throws a RangeError where there is none. */
export function timeZone(name: string): TimeZone {
  const zone = known.get(name) ?? new TimeZone(name);
  known.set(name, zone);
  return zone;
}
