import { openJson, sealJson, type SecretBox } from '../accounts/secrets.ts';
import { parseUpstream, shownUrl } from '../egress/index.ts';
import type { CrawlOptions, ScrapeOptions } from './options.ts';

type Options = ScrapeOptions | CrawlOptions;

/** The parts of a job's options that may be credentials. */
type Secrets = Pick<ScrapeOptions, 'headers' | 'cookies' | 'proxy'> & {
  /** The value of each action that fills in a field. */
  typed: string[];
};

/** A job's options as its row keeps them. */
export interface SealedOptions {
  /** jobs.options: everything but the credentials. */
  stored: Options;
  /** jobs.secrets: the credentials, sealed; null where there are none, or the job has ended. */
  secrets: string | null;
}

/** Takes what may be a credential out of the options, and seals it. */
export function sealOptions(box: SecretBox, accountId: string, options: Options): SealedOptions {
  const { headers, cookies, rendering, proxy } = options;
  const names = Object.keys(headers);
  const typed = typedIn(options);
  const ownProxy = proxy !== null && typeof proxy === 'object' ? proxy : null;
  const isSecret = names.length + cookies.length + typed.length > 0 || ownProxy !== null;
  const secrets: Secrets | null = isSecret ? { headers, cookies, proxy, typed } : null;
  return {
    stored: {
      ...options,
      headers: Object.fromEntries(names.map((name) => [name, ''])),
      cookies: cookies.map((cookie) => ({ ...cookie, value: '' })),
      rendering: withTyped(rendering, []),
      proxy: ownProxy ? { url: withoutCredentials(ownProxy.url) } : proxy,
    },
    secrets: sealJson(box, secrets, accountId),
  };
}

/** The options as the caller gave them. */
export function openOptions(box: SecretBox, accountId: string, { stored, secrets }: SealedOptions): Options {
  const opened = openJson(box, secrets, accountId) as Secrets | null;
  if (opened === null) return stored;
  const { headers, cookies, proxy, typed } = opened;
  return { ...stored, headers, cookies, proxy, rendering: withTyped(stored.rendering, typed) };
}

/** What the actions type into fields, which may be a password. */
function typedIn({ rendering }: Options): string[] {
  return (rendering?.actions ?? []).flatMap((action) => (action.type === 'fill' ? [action.value] : []));
}

/**
 * The rendering whose actions type these values, in turn; actions beyond the last value type
 * nothing.
 */
function withTyped(rendering: Options['rendering'], typed: string[]): Options['rendering'] {
  if (rendering === null) return null;
  const values = typed.values();
  const actions = rendering.actions.map((action) =>
    action.type === 'fill' ? { ...action, value: values.next().value ?? '' } : action,
  );
  return { ...rendering, actions };
}

function withoutCredentials(url: string): string {
  const upstream = parseUpstream(url);
  return upstream === null ? '' : shownUrl(upstream);
}
