import { Cookie, type CookieJar } from 'tough-cookie';

/** A cookie as a browser keeps it. */
export interface KeptCookie {
  name: string;
  value: string;
  /** With a dot in front where hosts under it have the cookie, too. */
  domain: string;
  path: string;
  secure: boolean;
  httpOnly: boolean;
  sameSite?: 'None' | 'Lax' | 'Strict';
}

const SAME_SITE = { none: 'None', lax: 'Lax', strict: 'Strict' } as const;

/** The cookies of a jar that have not expired. */
export function cookiesIn(jar: CookieJar | null): KeptCookie[] {
  const stored = jar?.serializeSync()?.cookies ?? [];
  return stored
    .flatMap((fields) => Cookie.fromJSON(fields) ?? [])
    .filter((cookie) => cookie.TTL() > 0)
    .map(asKept);
}

function asKept({ key, value, domain, path, secure, httpOnly, hostOnly, sameSite }: Cookie): KeptCookie {
  const site = SAME_SITE[sameSite as keyof typeof SAME_SITE];
  return {
    name: key,
    value,
    domain: hostOnly === true ? domain! : `.${domain}`,
    path: path!,
    secure,
    httpOnly,
    // Browsers refuse `None` on cookies that are sent in the clear.
    ...(site !== undefined && (site !== 'None' || secure) && { sameSite: site }),
  };
}
