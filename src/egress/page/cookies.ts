import { CookieJar } from 'tough-cookie';
import type { HeaderFields } from '../http1/head.ts';

const MAX_COOKIES = 50;
/** RFC 6265, section 6.1: the size that a client takes at least. */
const MAX_COOKIE_CHARS = 4096;

/**
 * The cookies that the sites of one fetch set on its way: each goes back to its own site, and none
 * outlives the fetch.
 */
export class FetchCookies {
  /** Made when the first cookie is set: most pages are fetched without any. */
  #jar: CookieJar | null = null;
  #count = 0;

  /**
   * Keeps what an answer sets. Cookies that are malformed, too long, too many, or for another site
   * are dropped.
   */
  remember(url: URL, fields: HeaderFields): void {
    const values = [fields['set-cookie'] ?? []].flat();
    for (const value of values.slice(0, MAX_COOKIES)) {
      if (value.length > MAX_COOKIE_CHARS || ++this.#count > MAX_COOKIES) continue;
      this.#jar ??= new CookieJar();
      this.#jar.setCookieSync(value, url.href, { ignoreError: true });
    }
  }

  /**
   * The `Cookie` for a URL: the caller's own cookies, and those set on the way, which replace the
   * caller's of that name.
   */
  header(url: URL, callers: string | undefined): string | undefined {
    const set = this.#jar?.getCookieStringSync(url.href) ?? '';
    if (set === '') return callers;
    const names = new Set(set.split('; ').map(nameOf));
    const kept = (callers ?? '').split(';').filter((pair) => pair.trim() !== '' && !names.has(nameOf(pair)));
    return [...kept.map((pair) => pair.trim()), set].join('; ');
  }
}

function nameOf(pair: string): string {
  return pair.split('=', 1)[0]!.trim();
}
