import { openJson, sealJson, type SecretBox } from '../accounts/secrets.ts';
import type { CrawlOptions, ScrapeOptions } from './options.ts';

type Options = ScrapeOptions | CrawlOptions;

/** The parts of a job's options that may be credentials. */
type Secrets = Pick<ScrapeOptions, 'headers' | 'cookies'>;

/** A job's options as its row keeps them. */
export interface SealedOptions {
  /** jobs.options: everything but the credentials. */
  stored: Options;
  /** jobs.secrets: the credentials, sealed; null where there are none, or the job has ended. */
  secrets: string | null;
}

/** Takes what may be a credential out of the options, and seals it. */
export function sealOptions(box: SecretBox, accountId: string, options: Options): SealedOptions {
  const { headers, cookies } = options;
  const names = Object.keys(headers);
  const secrets: Secrets | null = names.length + cookies.length > 0 ? { headers, cookies } : null;
  return {
    stored: {
      ...options,
      headers: Object.fromEntries(names.map((name) => [name, ''])),
      cookies: cookies.map((cookie) => ({ ...cookie, value: '' })),
    },
    secrets: sealJson(box, secrets, accountId),
  };
}

/** The options as the caller gave them. */
export function openOptions(box: SecretBox, accountId: string, { stored, secrets }: SealedOptions): Options {
  return { ...stored, ...(openJson(box, secrets, accountId) as Secrets | null) };
}
