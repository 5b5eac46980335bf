import { setImmediate as nextTurn } from 'node:timers/promises';
import { ServiceError, type FieldError } from '../../../service-error.ts';
import { urlFault } from '../../../scrape/page-url.ts';

const MAX_ERRORS = 20;
/** Checking one URL takes about two microseconds. */
const PIECE = 2000;

/**
 * The URLs of a batch, checked in pieces, between which other requests have their turn. With `fail`
 * a text that is no URL may pass: its page fails. Throws ServiceError `validation_failed` that
 * names the first wrong ones.
 */
export async function requireUrls(values: unknown[], invalidUrls: 'reject' | 'fail'): Promise<string[]> {
  const urls: string[] = [];
  const errors: FieldError[] = [];
  for (const [n, value] of values.entries()) {
    if (n % PIECE === PIECE - 1) await nextTurn();
    const fault = faultOf(value, invalidUrls);
    if (fault === null) urls.push(value as string);
    else errors.push({ path: `urls[${n}]`, message: fault });
    if (errors.length === MAX_ERRORS) break;
  }
  const [first] = errors;
  if (first) throw new ServiceError('validation_failed', `${first.path}: ${first.message}`, { errors });
  return urls;
}

function faultOf(value: unknown, invalidUrls: 'reject' | 'fail'): string | null {
  if (typeof value !== 'string') return 'must be a string';
  return invalidUrls === 'fail' ? null : urlFault(value);
}
