/** One thing that `doctor` looks at. */
export interface Check {
  check: string;
  status: 'ok' | 'failed' | 'skipped';
  /** What was found, or why it was not looked at. */
  detail: string;
}

export const ok = (check: string, detail: string): Check => ({ check, status: 'ok', detail });
export const failed = (check: string, detail: string): Check => ({ check, status: 'failed', detail });
export const skipped = (check: string, detail: string): Check => ({ check, status: 'skipped', detail });

/**
 * Receivers refuse callbacks that are five minutes off: a clock that is a minute off is on its way
 * there.
 */
const MAX_SKEW_SECONDS = 60;

/** Another clock, read between two readings of this machine's; all in milliseconds. */
export interface ClockReading {
  other: number;
  before: number;
  after: number;
  /** How exact `other` is. */
  precision: number;
}

/** Compares another clock with this machine's. */
export function compareClocks(check: string, { other, before, after, precision }: ClockReading): Check {
  const skew = other < before - precision ? other - before : other > after + precision ? other - after : 0;
  const seconds = Math.abs(skew / 1000).toFixed(1);
  if (skew === 0) return ok(check, 'It agrees with the clock here.');
  const found = `It is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} the clock here.`;
  return Math.abs(skew) > MAX_SKEW_SECONDS * 1000 ? failed(check, found) : ok(check, found);
}
