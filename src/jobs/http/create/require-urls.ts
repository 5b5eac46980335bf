import { setImmediate as nextTurn } from 'node:timers/promises';
import { ServiceError } from '../../../service-error.ts';
import { urlFault } from '../../../scrape/page-url.ts';

const MAX_ERRORS = 20;
/** Checking one URL takes about two microseconds. */
const PIECE = 2000;

/** What becomes of a text that is no URL: it is refused, or it passes and fails as a page. */
type InvalidUrls = 'reject' | 'fail';

/** A value that cannot be scraped. */
interface UrlFault {
  index: number;
  value: unknown;
  /** What is wrong with it, as the end of a sentence. */
  fault: string;
}

/**
 * The URLs of a batch. With `fail` a text that is no URL passes, and its page fails. Throws
 * ServiceError `validation_failed` that names the first wrong ones.
 */
export async function requireUrls(values: unknown[], invalidUrls: InvalidUrls): Promise<string[]> {
  const { urls, faults } = await sortUrls(values, { invalidUrls, maxFaults: MAX_ERRORS });
  const errors = faults.map(({ index, fault }) => ({ path: `urls[${index}]`, message: fault }));
  const [first] = errors;
  if (first) throw new ServiceError('validation_failed', `${first.path}: ${first.message}`, { errors });
  return urls;
}

/**
 * Separates the URLs of a batch from the values that are none. Works in pieces, between which other
 * requests get a turn, and stops after `maxFaults` faults.
 */
export async function sortUrls(
  values: unknown[],
  { invalidUrls, maxFaults }: { invalidUrls: InvalidUrls; maxFaults: number },
): Promise<{ urls: string[]; faults: UrlFault[] }> {
  const urls: string[] = [];
  const faults: UrlFault[] = [];
  for (const [index, value] of values.entries()) {
    if (index % PIECE === PIECE - 1) await nextTurn();
    const fault = faultOf(value, invalidUrls);
    if (fault === null) urls.push(value as string);
    else faults.push({ index, value, fault });
    if (faults.length === maxFaults) break;
  }
  return { urls, faults };
}

function faultOf(value: unknown, invalidUrls: InvalidUrls): string | null {
  if (typeof value !== 'string') return 'must be a string';
  return invalidUrls === 'fail' ? null : urlFault(value);
}
