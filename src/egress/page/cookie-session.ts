import { CookieJar } from 'tough-cookie';
import { cookiesIn, type KeptCookie } from './kept-cookies.ts';

/** Names of cookies that a session keeps. */
const MAX_COOKIES = 50;
/** RFC 6265, section 6.1: the size that a client takes at least. */
const MAX_COOKIE_CHARS = 4096;

/** A `Set-Cookie`, and the URL that it came from. */
export interface SetCookie {
  url: string;
  value: string;
}

/** The cookies that sites set, in one fetch or in several that share them. */
export class CookieSession {
  /** Made with the first cookie: most pages are fetched without any. */
  #jar: CookieJar | null = null;
  readonly #names = new Set<string>();
  #news: SetCookie[] = [];

  /**
   * Keeps what an answer sets. Cookies that are malformed, too long, of too many names, or for
   * another site are dropped.
   */
  remember(url: URL, values: readonly string[]): void {
    for (const value of values.slice(0, MAX_COOKIES)) {
      const set = { url: url.href, value };
      if (value.length > MAX_COOKIE_CHARS || !this.#apply(set)) continue;
      this.#news.push(set);
    }
  }

  #apply({ url, value }: SetCookie): boolean {
    const name = nameOf(value);
    if (this.#names.size >= MAX_COOKIES && !this.#names.has(name)) return false;
    this.#names.add(name);
    this.#jar ??= newJar();
    return this.#jar.setCookieSync(value, url, { ignoreError: true }) !== undefined;
  }

  /** The `Cookie` for a URL; empty where there is none. */
  header(url: URL): string {
    return this.#jar?.getCookieStringSync(url.href) ?? '';
  }

  /** All cookies that it keeps. */
  cookies(): KeptCookie[] {
    return cookiesIn(this.#jar);
  }

  /** What sites have set here and `absorb` has not taken over. */
  get news(): readonly SetCookie[] {
    return this.#news;
  }

  /** Takes over the state of the session from elsewhere. What is new here stays. */
  load(text: string | null): void {
    this.#jar = text === null ? null : CookieJar.deserializeSync(text);
    this.#names.clear();
    for (const { key } of this.#jar?.serializeSync()?.cookies ?? []) if (key) this.#names.add(key);
    for (const set of this.#news) this.#apply(set);
  }

  /** Takes over a state that holds some of the news. */
  absorb(text: string, news: readonly SetCookie[]): void {
    const known = new Set(news);
    this.#news = this.#news.filter((set) => !known.has(set));
    this.load(text);
  }

  /** The state of a session after these news, as text. */
  static merge(text: string | null, news: readonly SetCookie[]): string {
    const merged = new CookieSession();
    merged.load(text);
    for (const set of news) merged.#apply(set);
    return JSON.stringify((merged.#jar ?? newJar()).serializeSync());
  }
}

/** As in browsers, a cookie may have a value alone. */
function newJar(): CookieJar {
  return new CookieJar(undefined, { looseMode: true });
}

/** The name of a cookie, as `Cookie` and `Set-Cookie` begin. */
export function nameOf(pair: string): string {
  return pair.split('=', 1)[0]!.trim();
}
