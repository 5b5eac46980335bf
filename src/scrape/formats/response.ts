import type { PageResponse, RawPage } from '../types.ts';

/** They belong to the visit, and would let whoever reads the page take part in it. */
const SECRETS = new Set(['set-cookie', 'set-cookie2']);

/** How the page was answered: status, headers but for cookies, and the redirects that led to it. */
export function responseOf({ status, headers = {}, hops = [] }: RawPage): PageResponse {
  const shown = Object.entries(headers).filter(([name]) => !SECRETS.has(name.toLowerCase()));
  return {
    status,
    headers: Object.fromEntries(shown),
    redirects: hops.map((hop) => ({ url: hop.url, status: hop.status })),
  };
}
