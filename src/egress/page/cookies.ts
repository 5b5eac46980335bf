import { Cookie, CookieJar } from 'tough-cookie';
import type { HeaderFields } from '../http1/head.ts';
import { CookieSession, nameOf } from './cookie-session.ts';
import { cookiesIn, type KeptCookie } from './kept-cookies.ts';

/** A cookie that a caller sends along. */
export interface GivenCookie {
  name: string;
  value: string;
  /** Sent to this domain and those under it; null: to the host of the page alone. */
  domain: string | null;
  path: string;
}

/**
 * The cookies of one fetch: those that its caller gave, and those that sites set, which replace the
 * caller's of that name. Each goes back to its own site. What sites set ends with the fetch, or
 * with the session where one is given.
 */
export class SiteCookies {
  readonly #session: CookieSession;
  #given: CookieJar | null = null;

  constructor(session = new CookieSession()) {
    this.#session = session;
  }

  /** Adds a caller's cookies. Those of an https page are never sent in the clear. */
  give(cookies: readonly GivenCookie[], page: URL): void {
    this.#given ??= new CookieJar();
    for (const cookie of cookies) give(this.#given, cookie, page);
  }

  /** Keeps what an answer sets. */
  remember(url: URL, fields: HeaderFields): void {
    this.#session.remember(url, [fields['set-cookie'] ?? []].flat());
  }

  /** The `Cookie` for a URL. `header` is the one that the caller sends to its origin. */
  header(url: URL, header: string | undefined): string | undefined {
    const given = this.#given?.getCookieStringSync(url.href) ?? '';
    return replaced(replaced(header, given), this.#session.header(url));
  }

  /** All of them, as a browser keeps them. */
  all(): KeptCookie[] {
    const cookies = [...cookiesIn(this.#given), ...this.#session.cookies()];
    const entries = cookies.map((cookie) => {
      const { name, domain, path } = cookie;
      return [JSON.stringify([name, domain.replace(/^\./, ''), path]), cookie] as const;
    });
    return [...new Map(entries).values()];
  }
}

/** Why a caller's cookie would never be sent, or null. */
export function cookieFault(cookie: Omit<GivenCookie, 'value'>): string | null {
  try {
    give(new CookieJar(), { ...cookie, value: '' }, new URL('https://example.com/'));
    return null;
  } catch {
    return 'is not a domain that cookies can be set for';
  }
}

function give(jar: CookieJar, { name, value, domain, path }: GivenCookie, page: URL): void {
  const host = domain?.replace(/^\./, '') ?? null;
  // Such a cookie belongs to one host, whose name stands where tools show its domain.
  const ofHosts = name.startsWith('__Host-') ? null : host;
  const cookie = new Cookie({ key: name, value, domain: ofHosts, path, secure: page.protocol === 'https:' });
  jar.setCookieSync(cookie, host === null ? page.href : `${page.protocol}//${host}/`);
}

/** The pairs of a `Cookie` and of a second one, which replaces those of its names. */
function replaced(callers: string | undefined, set: string): string | undefined {
  if (set === '') return callers;
  const names = new Set(set.split('; ').map(nameOf));
  const kept = (callers ?? '').split(';').filter((pair) => pair.trim() !== '' && !names.has(nameOf(pair)));
  return [...kept.map((pair) => pair.trim()), set].join('; ');
}
