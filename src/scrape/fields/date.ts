import { withPlainDigits } from './number.ts';

/** Languages whose names of months are known, beside the page's own. */
const LANGUAGES = ['en', 'de', 'fr', 'es', 'it', 'pt', 'nl'];
const MAX_CHARS = 200;

const months = new Map<string, Map<string, number>>();

/** The names of a language's months, in full and in short. */
function monthsOf(language: string): Map<string, number> {
  const known = months.get(language);
  if (known !== undefined) return known;
  const names = new Map<string, number>();
  for (const month of ['long', 'short'] as const) {
    const format = new Intl.DateTimeFormat(language, { month, day: 'numeric', timeZone: 'UTC' });
    for (let i = 0; i < 12; i++) {
      const part = format.formatToParts(Date.UTC(2024, i, 1)).find(({ type }) => type === 'month');
      names.set((part?.value ?? '').toLowerCase().replace('.', ''), i + 1);
    }
  }
  months.set(language, names);
  return names;
}

function monthNamed(word: string, language: string | null): number | undefined {
  const name = word.toLowerCase().replace('.', '');
  const own =
    language !== null && Intl.DateTimeFormat.supportedLocalesOf([language]).length > 0 ? [language] : [];
  for (const candidate of [...own, ...LANGUAGES]) {
    const month = monthsOf(candidate).get(name) ?? monthsOf(candidate).get(name.slice(0, 3));
    if (month !== undefined) return month;
  }
  return undefined;
}

function day(year: number, month: number, date: number): string | null {
  const time = new Date(Date.UTC(year, month - 1, date));
  const exists = time.getUTCMonth() === month - 1 && time.getUTCDate() === date && year >= 1000;
  return exists ? time.toISOString().slice(0, 10) : null;
}

/** ISO 8601 as it stands, a time with a zone in UTC. */
function fromIso(text: string): string | null {
  const parts =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:\.\d{1,9})?\s?(Z|[+-]\d\d:?\d\d)?)?/i.exec(text);
  if (parts === null) return null;
  const [, year, month, date, clock, zone] = parts;
  const whole = day(Number(year), Number(month), Number(date));
  if (whole === null || clock === undefined) return whole;
  const time = clock.length === 5 ? `${clock}:00` : clock;
  if (zone === undefined) return `${whole}T${time}`;
  const moment = new Date(`${whole}T${time}${zone.toUpperCase().replace(/(\d\d)(\d\d)$/, '$1:$2')}`);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}

/** `1.3.2024`, `01/03/2024`: in American English the month stands first. */
function fromDigits(text: string, language: string | null): string | null {
  const parts = /(?<!\d)(\d{1,2})[./-](\d{1,2})[./-](\d{4})(?!\d)/.exec(text);
  if (parts === null) return null;
  const [first, second, year] = parts.slice(1).map(Number) as [number, number, number];
  const isAmerican = parts[0].includes('/') && /^en(?:-US)?$/i.test(language ?? 'en');
  const monthFirst = second > 12 || (isAmerican && first <= 12);
  return monthFirst ? day(year, first, second) : day(year, second, first);
}

/** `ngày 3 tháng 5 năm 2024`: the months of Vietnamese are numbers. */
function fromMonthNumber(text: string): string | null {
  const parts = /(?<!\d)(\d{1,2})\s+tháng\s+(\d{1,2})(?:,|\s+năm)?\s+(\d{4})(?!\d)/iu.exec(text);
  return parts === null ? null : day(Number(parts[3]), Number(parts[2]), Number(parts[1]));
}

/** `20240301`. */
function fromBare(text: string): string | null {
  const parts = /^((?:19|20)\d\d)(\d\d)(\d\d)$/.exec(text);
  return parts === null ? null : day(Number(parts[1]), Number(parts[2]), Number(parts[3]));
}

/** `2024/3/1`, `2024. 3. 1.`, `2024年3月1日`, `2024년 3월 1일`. */
function fromYearFirst(text: string): string | null {
  const parts = /(?<!\d)(\d{4})\s?[./年년-]\s?(\d{1,2})\s?[./月월-]\s?(\d{1,2})(?!\d)/.exec(text);
  return parts === null ? null : day(Number(parts[1]), Number(parts[2]), Number(parts[3]));
}

const NAME = '([\\p{L}\\p{M}]{2,20})';
/** The orders in which a day, the name of a month and a year stand. */
const ORDERS: readonly { pattern: RegExp; places: [year: number, month: number, date: number] }[] = [
  // 1 March 2024, 1. März 2024, 1 de marzo de 2024, 1st of March 2024, 1-Mar-2024
  {
    pattern: new RegExp(
      `(?<!\\d)(\\d{1,2})(?:\\.|st|nd|rd|th|er|º)?(?:\\s+(?:de\\s+|of\\s+)?|-)${NAME}\\.?,?(?:\\s+(?:de\\s+)?|-)(\\d{4})(?!\\d)`,
      'u',
    ),
    places: [3, 2, 1],
  },
  // March 1, 2024
  {
    pattern: new RegExp(`${NAME}\\.?\\s+(\\d{1,2})(?:st|nd|rd|th)?,?\\s+(\\d{4})(?!\\d)`, 'u'),
    places: [3, 1, 2],
  },
  // 2024. március 1., 2024 m. kovo 1 d., 2024 March 1
  {
    pattern: new RegExp(`(?<!\\d)(\\d{4})\\.?\\s+(?:m\\.\\s+)?${NAME}\\.?\\s+(\\d{1,2})(?!\\d)`, 'u'),
    places: [1, 2, 3],
  },
];
/** Years of the Buddhist calendar, which Thailand counts in, are so much larger. */
const BUDDHIST_YEARS = 543;

/** A day whose month has a name. */
function fromWords(text: string, language: string | null): string | null {
  for (const { pattern, places } of ORDERS) {
    const parts = pattern.exec(text);
    const [year = '', name = '', date = ''] = places.map((place) => parts?.[place]);
    const month = parts === null ? undefined : monthNamed(name, language);
    if (month === undefined) continue;
    const isBuddhist = /^th\b/i.test(language ?? '') && Number(year) > 2400;
    return day(Number(year) - (isBuddhist ? BUDDHIST_YEARS : 0), month, Number(date));
  }
  return null;
}

/** `Fri, 01 Mar 2024 09:30:00 GMT` (RFC 5322), which has a zone. */
function fromMail(text: string): string | null {
  if (!/^(?:[a-z]{3},\s*)?\d{1,2}\s[a-z]{3}\s\d{4}\s\d\d:\d\d(?::\d\d)?\s(?:gmt|utc?|[+-]\d{4})$/i.test(text))
    return null;
  const time = Date.parse(text);
  return Number.isNaN(time) ? null : new Date(time).toISOString();
}

/** Seconds or milliseconds since 1970. */
function fromEpoch(text: string): string | null {
  if (!/^(?:\d{10}|\d{13})$/.test(text)) return null;
  return new Date(Number(text) * (text.length === 10 ? 1000 : 1)).toISOString();
}

/** A date, or a date and time, by ISO 8601; null where the text holds none. */
export function readDate(source: string, language: string | null): string | null {
  const text = withPlainDigits(source.trim().slice(0, MAX_CHARS));
  return (
    fromIso(text) ??
    fromEpoch(text) ??
    fromBare(text) ??
    fromMail(text) ??
    fromWords(text, language) ??
    fromMonthNumber(text) ??
    fromYearFirst(text) ??
    fromDigits(text, language)
  );
}
