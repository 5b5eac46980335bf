import { getDomain } from 'tldts';
import type { BrowserContext, Cookie } from 'playwright-core';
import type { KeptCookie, SetCookie } from '../../../egress/index.ts';

type Named = Pick<KeptCookie, 'name' | 'domain' | 'path'>;

/** Gives a context its cookies. One that the browser refuses would not be sent either. */
export async function giveCookies(context: BrowserContext, cookies: KeptCookie[]): Promise<void> {
  if (cookies.length === 0) return;
  await context.addCookies(cookies).catch(async () => {
    for (const cookie of cookies) await context.addCookies([cookie]).catch(() => {});
  });
}

/**
 * What a page has set, changed and removed of the cookies of the sites that it visited, whether by
 * a document, by a request or by a script. Other sites, such as those of advertisers, do not count.
 */
export async function changedCookies(
  context: BrowserContext,
  given: KeptCookie[],
  visited: Iterable<string>,
): Promise<SetCookie[]> {
  const before = new Map(given.map((cookie) => [keyOf(cookie), cookie.value]));
  const sites = new Set(Array.from(visited, (url) => siteOf(new URL(url).hostname)));
  const all = await context.cookies();
  const changed = all.filter(
    (cookie) => sites.has(siteOf(hostOf(cookie))) && before.get(keyOf(cookie)) !== cookie.value,
  );
  const left = new Set(all.map(keyOf));
  const removed = given.filter((cookie) => !left.has(keyOf(cookie)));
  return [
    ...removed.map((cookie) => ({ url: urlOf(cookie), value: setCookie({ ...cookie, expires: 0 }) })),
    ...changed.map((cookie) => ({ url: urlOf(cookie), value: setCookie(cookie) })),
  ];
}

function keyOf({ name, domain, path }: Named): string {
  return JSON.stringify([name, domain, path]);
}

function hostOf({ domain }: Pick<KeptCookie, 'domain'>): string {
  return domain.replace(/^\./, '');
}

function siteOf(host: string): string {
  return getDomain(host) ?? host;
}

function urlOf(cookie: KeptCookie): string {
  return `${cookie.secure ? 'https' : 'http'}://${hostOf(cookie)}${cookie.path}`;
}

/** `expires`: in seconds; -1: with the session. */
function setCookie(cookie: KeptCookie & Pick<Cookie, 'expires'>): string {
  const { name, value, domain, path, secure, httpOnly, sameSite, expires } = cookie;
  return [
    `${name}=${value}`,
    `Path=${path}`,
    ...(domain.startsWith('.') ? [`Domain=${hostOf(cookie)}`] : []),
    ...(secure ? ['Secure'] : []),
    ...(httpOnly ? ['HttpOnly'] : []),
    ...(sameSite ? [`SameSite=${sameSite}`] : []),
    ...(expires === -1 ? [] : [`Expires=${new Date(expires * 1000).toUTCString()}`]),
  ].join('; ');
}
