import { CronExpressionParser } from 'cron-parser';
import { timeZone, type TimeZone } from './time-zone.ts';

const NUMBER = String.raw`\*|\d{1,2}`;
const MONTH = `${NUMBER}|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec`;
const WEEKDAY = `${NUMBER}|sun|mon|tue|wed|thu|fri|sat`;
const listOf = (item: string) => `(?:${item})(?:[,/-](?:${item}))*`;
/**
 * Five fields of numbers, names, lists, ranges and steps. The parser's extensions are refused: it
 * takes seconds to find the next fifth Monday, and `H` differs from process to process.
 */
const FIELDS = new RegExp(`^${[NUMBER, NUMBER, NUMBER, MONTH, WEEKDAY].map(listOf).join(' ')}$`, 'i');
/** More than any clock is set by at once. */
const LONGEST_SHIFT_MS = 3 * 3_600_000;
const MINUTE_MS = 60_000;

/**
 * The times of a cron expression in a time zone. The parser reads the expression and counts in wall
 * time. Changes of the clock are handled here: the parser skips times of a night in which the clock
 * is set by half an hour.
 */
export class Cron {
  readonly #expression: string;
  readonly #zone: TimeZone;
  /** Whether it runs by the hour or minute rather than at certain times of the day. */
  readonly #isFrequent: boolean;

  /** Throws where the expression is none, or there is no such time zone. */
  constructor(expression: string, timezone: string) {
    if (!FIELDS.test(expression)) throw new Error('must have five fields, like 0 6 * * 1-5');
    this.#expression = expression;
    this.#zone = timeZone(timezone);
    this.#isFrequent = expression.split(' ', 2).some((field) => field.startsWith('*'));
    this.#nextWall(0);
  }

  /**
   * The first time after `now`. A time of day that the clock skips comes later by as much as the
   * clock is set forward, and one that it shows twice comes once, the first time. What runs by the
   * hour or minute goes on as if the clock were not set. Throws where there is no such time.
   */
  next(now: Date): Date {
    const start = now.getTime();
    const first = this.#firstAfter(start);
    const repeated = this.#isFrequent ? this.#afterSetBack(start) : null;
    return new Date(Math.min(first, repeated ?? Infinity));
  }

  /**
   * Where the clock is set forward, times that it skips come later than some that it shows: the
   * first is looked for among all that may be.
   */
  #firstAfter(start: number): number {
    const unset = start + this.#zone.offsetAt(start - LONGEST_SHIFT_MS);
    let wall = Math.min(this.#zone.wallAt(start), unset);
    let first = Infinity;
    for (let end = Infinity; wall <= end;) {
      wall = this.#nextWall(wall);
      const time = this.#timeOf(wall, start);
      if (time === null) continue;
      first = Math.min(first, time);
      if (this.#isFrequent || !this.#isSetForward(time)) return first;
      end = Math.min(end, wall + LONGEST_SHIFT_MS);
    }
    return first;
  }

  #isSetForward(around: number): boolean {
    const [before, after] = [around - LONGEST_SHIFT_MS, around + LONGEST_SHIFT_MS];
    return this.#zone.offsetAt(before) < this.#zone.offsetAt(after);
  }

  #nextWall(wall: number): number {
    const options = { currentDate: new Date(wall), tz: 'UTC' };
    return CronExpressionParser.parse(this.#expression, options).next().getTime();
  }

  /** The time at which the wall clock shows this; null where that is over, or does not count. */
  #timeOf(wall: number, after: number): number | null {
    const around = wall - this.#zone.offsetAt(wall);
    const before = wall - this.#zone.offsetAt(around - LONGEST_SHIFT_MS);
    const later = wall - this.#zone.offsetAt(around + LONGEST_SHIFT_MS);
    const shown = [before, later].filter((time) => this.#zone.wallAt(time) === wall);
    if (shown.length === 0) return this.#isFrequent || before <= after ? null : before;
    const counted = this.#isFrequent ? shown.find((time) => time > after) : Math.min(...shown);
    return counted === undefined || counted <= after ? null : counted;
  }

  /** The first time once clocks are set back soon after `start`; null where they are not. */
  #afterSetBack(start: number): number | null {
    const offset = this.#zone.offsetAt(start);
    let set = start + LONGEST_SHIFT_MS;
    if (this.#zone.offsetAt(set) >= offset) return null;
    for (let from = start; set - from > 1;) {
      const middle = Math.floor((from + set) / 2);
      if (this.#zone.offsetAt(middle) < offset) set = middle;
      else from = middle;
    }
    return this.#nextWall(this.#zone.wallAt(set) - MINUTE_MS) - this.#zone.offsetAt(set);
  }
}
