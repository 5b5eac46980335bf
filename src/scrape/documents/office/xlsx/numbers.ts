import type { Archive } from '../archive.ts';
import { childOf, childrenOf, readUnit } from '../xml-units.ts';

/** `elapsed`: hours that do not begin again after a day. */
type Shape = 'number' | 'percent' | 'date' | 'time' | 'elapsed' | 'moment';

/** The built-in formats of dates, times and percentages (ISO/IEC 29500-1, section 18.8.30). */
const BUILT_IN: Record<number, Shape> = { 9: 'percent', 10: 'percent', 22: 'moment', 46: 'elapsed' };
for (const id of [14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58]) BUILT_IN[id] = 'date';
for (const id of [18, 19, 20, 21, 32, 33, 34, 35, 45, 47, 55, 56]) BUILT_IN[id] = 'time';

const DAY_MS = 86_400_000;
/** 30 December 1899: day 0 of the calendar in which 1900 is a leap year, from March 1900 on. */
const EPOCH_MS = Date.UTC(1899, 11, 30);
const DAYS_TO_1904 = 1462;

function shapeOf(code: string): Shape {
  const bare = code.slice(0, 500).replace(/"[^"]*"|\\.|_.|\[(?![hms]{1,2}\])[^\]]*\]/gi, '');
  const hasDay = /[dy]/i.test(bare) || /m{3,}/i.test(bare);
  const hasTime = /[hs]/i.test(bare);
  if (hasDay) return hasTime ? 'moment' : 'date';
  if (hasTime) return /\[[hms]{1,2}\]/i.test(bare) ? 'elapsed' : 'time';
  return bare.includes('%') ? 'percent' : 'number';
}

function shortest(value: number): string {
  return String(Number(value.toPrecision(15)));
}

/** Days as hours, minutes and seconds. */
function elapsed(days: number): string {
  const seconds = Math.round(Math.abs(days) * 86_400);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return (days < 0 ? '-' : '') + parts.map((part) => String(part).padStart(2, '0')).join(':');
}

/**
 * Writes numbers as a workbook's formats show them: dates and times by ISO 8601, and percentages.
 */
export class NumberFormats {
  readonly #shapes: Shape[];
  readonly #shiftDays: number;

  constructor(archive: Archive, stylesPart: string | null, from1904: boolean) {
    this.#shiftDays = from1904 ? DAYS_TO_1904 : 0;
    const styles = stylesPart === null ? null : readUnit(archive, stylesPart, 'styleSheet');
    const custom = new Map<number, Shape>();
    for (const { attribs } of childrenOf(childOf(styles, 'numFmts'), 'numFmt'))
      custom.set(Number(attribs['numFmtId']), shapeOf(attribs['formatCode'] ?? ''));
    this.#shapes = childrenOf(childOf(styles, 'cellXfs'), 'xf').map(({ attribs }) => {
      const id = Number(attribs['numFmtId'] ?? 0);
      return custom.get(id) ?? BUILT_IN[id] ?? 'number';
    });
  }

  /** The text of a number in a style. */
  write(text: string, style: string | undefined): string {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value)) return text;
    const shape = this.#shapes[Number(style ?? 0)] ?? 'number';
    if (shape === 'number') return shortest(value);
    if (shape === 'percent') return `${shortest(value * 100)}%`;
    if (shape === 'elapsed') return elapsed(value);
    return this.#time(value, shape) ?? shortest(value);
  }

  #time(value: number, shape: Shape): string | null {
    const time = new Date(EPOCH_MS + Math.round((value + this.#shiftDays) * 86_400) * 1000);
    if (value < 0 || value * DAY_MS > 8e15 || Number.isNaN(time.getTime())) return null;
    const [day, clock] = [time.toISOString().slice(0, 10), time.toISOString().slice(11, 19)];
    if (shape === 'time') return clock;
    return shape === 'moment' || value % 1 !== 0 ? `${day} ${clock}` : day;
  }
}
