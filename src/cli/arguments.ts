import { InvalidArgumentError } from 'commander';

/** A parser for an option or argument that is a whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[+-]?\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** A parser for when pages are rendered. */
export function renderWhen(text: string): true | 'auto' {
  if (text === 'always') return true;
  if (text === 'auto') return text;
  throw new InvalidArgumentError('It must be always or auto.');
}

/** A parser for a name that people read: not empty, one line, at most 100 characters. */
export function label(text: string): string {
  const trimmed = text.trim();
  if (!/^[^\p{Cc}\p{Cs}]{1,100}$/u.test(trimmed))
    throw new InvalidArgumentError('It must be one line of 1 to 100 characters.');
  return trimmed;
}

const UNITS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * A parser for a moment: a time like 2026-01-31T12:00:00Z, a date (its start, UTC), or how long
 * ago, like 90s, 30m, 2h or 7d.
 */
export function moment(text: string): Date {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return new Date(Date.now() - Number(amount) * UNITS[unit]!);
  const time = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d))?$/.test(text)
    ? new Date(text)
    : null;
  if (time === null || Number.isNaN(time.getTime()))
    throw new InvalidArgumentError(
      'It must be a time like 2026-01-31T12:00:00Z, or how long ago, like 30m, 2h or 7d.',
    );
  return time;
}

/**
 * A parser for a moment to come: a time like 2026-01-31T12:00:00Z, or from now on, like 12h or 90d.
 */
export function momentToCome(text: string): Date {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return new Date(Date.now() + Number(amount) * UNITS[unit]!);
  const time = /^\d{4}-\d\d-\d\dT/.test(text) ? moment(text) : null;
  if (time === null || time <= new Date())
    throw new InvalidArgumentError(
      'It must be a time to come like 2030-01-31T12:00:00Z, or from now on, like 12h or 90d.',
    );
  return time;
}

/** A parser for one of a few words that may be given several times. */
export function eachOf<T extends string>(...words: T[]): (text: string, before: T[] | undefined) => T[] {
  const parse = oneOf(...words);
  return (text, before) => [...(before ?? []), parse(text)];
}

/** A parser for a day like 2026-01-31. */
export function day(text: string): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(text)))
    throw new InvalidArgumentError('It must be a date like 2026-01-31.');
  return text;
}

/** A parser for an address on the web. */
export function webUrl(text: string): string {
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text))
    throw new InvalidArgumentError('It must be an http:// or https:// URL.');
  return text;
}

/** A parser for an API key: what OLLAGRAPH_API_KEY may be. */
export function apiKey(text: string): string {
  if (!/^[!-~]{16,}$/.test(text))
    throw new InvalidArgumentError('It must have at least 16 characters and no spaces.');
  return text;
}

/** A parser for one of a few words. */
export function oneOf<T extends string>(...words: T[]): (text: string) => T {
  return (text) => {
    const word = words.find((one) => one === text);
    if (word === undefined) throw new InvalidArgumentError(`It must be one of ${words.join(', ')}.`);
    return word;
  };
}

/** A parser for an option that may be repeated. */
export function each(text: string, before: string[] | undefined): string[] {
  return [...(before ?? []), text];
}
